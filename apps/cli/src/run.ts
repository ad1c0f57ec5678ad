import { Command, CommanderError, Option } from 'commander';
import { addAccountCommands } from './account/index.ts';
import { addContractCommands } from './contract/index.ts';
import { addE2eCommands } from './e2e/index.ts';
import { EXIT, type Failure, failureOf } from './exit.ts';
import { addHealthCommands } from './health/index.ts';
import { addIdentityCommands } from './identity/index.ts';
import { addNotificationCommands } from './notifications/index.ts';
import { addOfferingCommands } from './offering/index.ts';
import { plain } from './print.ts';
import { addProviderCommands } from './provider/index.ts';
import type { Surroundings } from './session.ts';
import { type Run, whole } from './verb.ts';
import { addWalletCommands } from './wallet/index.ts';

/** The whole command line as a tree, without running anything. */
export function createProgram(run: Run): Command {
  const program = new Command('dc')
    .description('Decent Cloud: rent machines, let machines, look after both')
    .version('0.1.0')
    .addOption(new Option('--env <environment>', 'platform to use').choices(['dev', 'prod']))
    .option('--api-url <url>', 'address of the platform (or DC_API_URL; http://localhost:59011)')
    .option('--identity <name>', 'who acts (or DC_IDENTITY; not needed when there is only one)')
    .option('--json', 'print one JSON document, also for errors')
    .option(
      '--timeout <seconds>',
      'longest wait for an answer, 30 s; with wait: for the state, 300 s',
      whole(1, 86_400),
    )
    .option('--yes', 'do not ask')
    .exitOverride()
    .showHelpAfterError('(dc … --help shows how it is used)')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    // Errors are told by `run`; what is left is the help of a noun without a verb.
    .configureOutput({
      writeOut: run.outside.stdout,
      writeErr: (text) => void (text.startsWith('Usage:') && !run.asJson && run.outside.stderr(`${text}\n`)),
    });
  addIdentityCommands(program, run);
  addAccountCommands(program, run);
  addWalletCommands(program, run);
  addOfferingCommands(program, run);
  addContractCommands(program, run);
  addProviderCommands(program, run);
  addNotificationCommands(program, run);
  addHealthCommands(program, run);
  addE2eCommands(program, run);
  return program;
}

/** Runs one command line. @returns the exit code */
export async function run(argv: readonly string[], outside: Surroundings): Promise<number> {
  const end = argv.indexOf('--');
  const asJson = (end < 0 ? argv : argv.slice(0, end)).includes('--json');
  const current: Run = { outside, asJson, exitCode: EXIT.ok };
  try {
    await createProgram(current).parseAsync(argv, { from: 'user' });
    return current.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    const failure = outside.signal.aborted ? interrupted : describe(error);
    if (asJson) outside.stdout(`${JSON.stringify({ error: publicPart(failure) })}\n`);
    else tell(outside, failure);
    return failure.exitCode;
  }
}

const interrupted: Failure = {
  exitCode: EXIT.interrupted,
  code: 'INTERRUPTED',
  reason: undefined,
  message: 'Interrupted',
  requestId: undefined,
  hint: undefined,
};

function describe(error: unknown): Failure {
  if (!(error instanceof CommanderError)) return failureOf(error);
  const isBareNoun = error.code === 'commander.help' || error.code === 'commander.helpDisplayed';
  return {
    exitCode: EXIT.usage,
    code: 'USAGE',
    reason: undefined,
    message: isBareNoun ? 'A command is missing' : error.message.replace(/^error: /, ''),
    requestId: undefined,
    hint: 'Add --help to see how it is used.',
  };
}

/** Every member is always there, so that scripts can rely on it. */
const publicPart = ({ code, reason, message, requestId, hint }: Failure) => ({
  code,
  reason: reason ?? null,
  message,
  requestId: requestId ?? null,
  hint: hint ?? null,
});

function tell(outside: Surroundings, { message, hint, requestId }: Failure): void {
  outside.stderr(`error: ${plain(message)}\n`);
  const second = [hint, requestId && `(request ${requestId})`].filter(Boolean).join(' ');
  if (second) outside.stderr(`${plain(second)}\n`);
}
