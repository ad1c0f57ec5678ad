import { getHealth } from '@decent-cloud/messages/platform';
import type { Command } from 'commander';
import { type Context, withContext } from '../context.ts';
import { describeFailure, EXIT } from '../failure.ts';
import { table } from '../print.ts';
import { type FlowOptions, lifecycleFlow, provisionFlow } from './flows.ts';

interface FlowResult {
  readonly flow: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly error?: string;
}

const withFlowOptions = (command: Command): Command =>
  command
    .option('--offering-id <id>', 'by default the first that is in stock')
    .option('--ssh-pubkey <file|line>', 'who may log in')
    .option('--payment-method <method>', 'wallet, or test outside production', 'test');

export function addE2eCommands(program: Command): void {
  const e2e = program.command('e2e').description('try the platform out from end to end');

  withFlowOptions(e2e.command('provision'))
    .description('rent, wait for the machine, cancel')
    .option('--verify-ssh', 'log in and run a command')
    .option('--no-cleanup', 'keep the machine')
    .addHelpText('after', '\nExample: dc e2e provision --verify-ssh')
    .action(
      withContext(async (context, options: FlowOptions) => {
        context.confirmWrite();
        const done = await provisionFlow(context, options);
        context.print.result({ flow: 'provision', outcome: 'passed', ...done }, () => 'provision: passed');
      }),
    );

  withFlowOptions(e2e.command('lifecycle'))
    .description('rent, look, cancel, look again')
    .addHelpText('after', '\nExample: dc e2e lifecycle')
    .action(
      withContext(async (context, options: FlowOptions) => {
        context.confirmWrite();
        const done = await lifecycleFlow(context, options);
        context.print.result({ flow: 'lifecycle', outcome: 'passed', ...done }, () => 'lifecycle: passed');
      }),
    );

  withFlowOptions(e2e.command('all'))
    .description('health, lifecycle and provision; exit code 1 when one failed')
    .option('--skip-provision')
    .addHelpText('after', '\nExample: dc e2e all')
    .action(
      withContext(async (context, options: FlowOptions & { skipProvision?: boolean }) => {
        context.confirmWrite();
        await context.publicApi.call(getHealth);
        const results: FlowResult[] = [{ flow: 'health', outcome: 'passed' }];
        results.push(await attempt(context, 'lifecycle', () => lifecycleFlow(context, options)));
        results.push(
          options.skipProvision
            ? { flow: 'provision', outcome: 'skipped' }
            : await attempt(context, 'provision', () =>
                provisionFlow(context, { ...options, verifySsh: true, cleanup: true }),
              ),
        );
        const count = (wanted: string) => results.filter(({ outcome }) => outcome === wanted).length;
        const summary = { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
        context.print.result({ results, ...summary }, () =>
          [
            table(
              ['Flow', 'Outcome', 'Why'],
              results.map(({ flow, outcome, error }) => [flow, outcome, error ?? '']),
            ),
            `Passed: ${summary.passed}  Failed: ${summary.failed}  Skipped: ${summary.skipped}`,
          ].join('\n'),
        );
        if (summary.failed > 0) process.exitCode = EXIT.failure;
      }),
    );
}

async function attempt(context: Context, flow: string, run: () => Promise<unknown>): Promise<FlowResult> {
  context.print.note(`${flow} …`);
  try {
    await run();
    return { flow, outcome: 'passed' };
  } catch (error) {
    return { flow, outcome: 'failed', error: describeFailure(error).message };
  }
}
