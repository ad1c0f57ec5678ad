import type { Command } from 'commander';
import { EXIT } from '../exit.ts';
import { checkApi } from '../health/check-api.ts';
import { type Run, verb } from '../verb.ts';
import { tryLifecycle, withRentalOptions } from './lifecycle.ts';
import { tryProvision } from './provision.ts';
import type { Rental } from './rented.ts';
import { mustHold, Steps } from './steps.ts';

interface AllOptions extends Rental {
  readonly skipProvision?: boolean;
  readonly verifySsh?: boolean;
}

export function addAll(parent: Command, run: Run): void {
  verb<AllOptions>(parent, run, {
    name: 'all',
    summary: 'health, lifecycle and provision one after the other',
    example: 'e2e all --identity alice --verify-ssh',
    writes: true,
    configure: (command) =>
      withRentalOptions(command)
        .option('--skip-provision', 'without making a machine')
        .option('--verify-ssh', 'log in and run a command'),
    async run(session, options) {
      const steps = new Steps(session);
      await steps.run('the platform answers', async () => {
        const { healthy, message } = await checkApi(session);
        mustHold(healthy, message);
      });
      const flows: (readonly [string, () => Promise<void>])[] = [
        ['lifecycle', () => tryLifecycle(session, steps, options)],
      ];
      if (options.skipProvision) steps.skip('provision', '--skip-provision');
      else flows.push(['provision', () => tryProvision(session, steps, options)]);
      for (const [name, flow] of flows) {
        // One that failed does not keep the next from being tried.
        await steps
          .run(name, flow)
          .catch((error: unknown) => session.outside.signal.aborted && Promise.reject(error));
      }
      const [passed, failed, skipped] = (['passed', 'failed', 'skipped'] as const).map((outcome) =>
        steps.count(outcome),
      );
      return {
        json: { passed, failed, skipped, steps: steps.done },
        text: `Passed: ${passed}  Failed: ${failed}  Skipped: ${skipped}\n`,
        exitCode: failed === 0 ? EXIT.ok : EXIT.failure,
      };
    },
  });
}
