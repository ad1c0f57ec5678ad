import { Command, InvalidArgumentError, Option } from 'commander';
import { addAccountCommands } from './account/commands.ts';
import { addContractCommands } from './contract/commands.ts';
import { addE2eCommands } from './e2e/commands.ts';
import { addIdentityCommands } from './identity/commands.ts';
import { addNotificationCommands } from './notification/commands.ts';
import { addOfferingCommands } from './offering/commands.ts';
import { addHealthCommand } from './platform/health.ts';
import { addProviderCommands } from './provider/commands.ts';
import { addWalletCommands } from './wallet/commands.ts';

const API_URLS = { dev: 'http://localhost:59011', prod: 'https://api.decent-cloud.org' } as const;

/** The whole command line. Errors are thrown, never printed here. */
export function buildProgram(env: NodeJS.ProcessEnv = process.env): Command {
  const program = new Command('dc')
    .description('Rent and let cloud machines')
    .version('0.1.0')
    .addOption(new Option('--env <environment>', 'which platform').choices(['dev', 'prod']).default('dev'))
    .option('--api-url <url>', `where the platform is (DC_API_URL; ${API_URLS.dev})`)
    .addOption(new Option('--identity <name>', 'whose key signs').env('DC_IDENTITY'))
    .option('--json', 'print one JSON document')
    .option('--timeout <seconds>', 'for one call', positiveNumber, 15)
    .option('--yes', 'yes, change production')
    .addHelpText('after', '\nExample: dc contract list-offerings');
  program.hook('preAction', (whole) => {
    const { env: environment } = whole.opts<{ env: keyof typeof API_URLS }>();
    whole.setOptionValue(
      'apiUrl',
      whole.opts<{ apiUrl?: string }>().apiUrl ?? env.DC_API_URL ?? API_URLS[environment],
    );
  });
  addIdentityCommands(program);
  addAccountCommands(program);
  addOfferingCommands(program);
  addWalletCommands(program);
  addProviderCommands(program);
  addContractCommands(program);
  addNotificationCommands(program);
  addHealthCommand(program);
  addE2eCommands(program);
  for (const command of everyCommand(program))
    command.exitOverride().configureOutput({ outputError: () => undefined });
  return program;
}

export function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

function positiveNumber(text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number <= 0)
    throw new InvalidArgumentError('give a positive number of seconds');
  return number;
}
