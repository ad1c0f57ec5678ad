import { getHealth, getStatus } from '@decent-cloud/messages/platform';
import { Argument, type Command } from 'commander';
import { withContext } from '../context.ts';
import { EXIT } from '../failure.ts';

export function addHealthCommand(program: Command): void {
  program
    .command('health')
    .description('does the platform work? Exit code 1 when a part does not')
    .addArgument(
      new Argument('[what]', 'the gateway only, or all services').choices(['api', 'all']).default('all'),
    )
    .addHelpText('after', '\nExample: dc health all')
    .action(
      withContext(async ({ publicApi, print }, what: 'api' | 'all') => {
        const began = performance.now();
        const health = await publicApi.call(getHealth);
        const apiMs = Math.round(performance.now() - began);
        if (what === 'api') {
          print.result({ api: { healthy: health.success, latencyMs: apiMs } }, () => `✓ api (${apiMs} ms)`);
          return;
        }
        const { services, status } = await publicApi.call(getStatus);
        print.result({ api: { healthy: health.success, latencyMs: apiMs }, status, services }, () =>
          [
            `✓ api (${apiMs} ms)`,
            ...services.map(({ name, up, latencyMs }) => (up ? `✓ ${name} (${latencyMs} ms)` : `✗ ${name}`)),
          ].join('\n'),
        );
        if (status !== 'ok') process.exitCode = EXIT.failure;
      }),
    );
}
