import { printExactJson } from '@decent-cloud/kernel';
import { CommanderError } from 'commander';
import { describeFailure, EXIT, type Failure } from './failure.ts';
import { buildProgram } from './program.ts';

const program = buildProgram();
try {
  await program.parseAsync();
} catch (error) {
  const failure = error instanceof CommanderError ? usageFailure(error) : describeFailure(error);
  if (failure) report(failure);
}

/** Help and version are no failures. */
function usageFailure(error: CommanderError): Failure | undefined {
  if (error.exitCode === 0) return undefined;
  const message = error.message.replace(/^error: /, '');
  if (error.code === 'commander.help') {
    process.exitCode = EXIT.usage;
    return undefined;
  }
  return { exitCode: EXIT.usage, message, hint: 'See --help.' };
}

function report({ exitCode, ...error }: Failure): void {
  process.exitCode = exitCode;
  if (process.argv.includes('--json')) {
    process.stdout.write(`${printExactJson({ error })}\n`);
    return;
  }
  process.stderr.write(`dc: ${error.message}\n`);
  if (error.hint !== undefined) process.stderr.write(`    ${error.hint}\n`);
  if (error.requestId !== undefined) process.stderr.write(`    request ${error.requestId}\n`);
}
