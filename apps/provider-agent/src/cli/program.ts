import { Command, CommanderError, Option } from 'commander';
import { typesWithPorts } from '../backends/registry.ts';
import { DEFAULT_CONFIG } from '../config/load-config.ts';
import { useProxyOf } from '../link/proxy.ts';
import { VERSION } from '../version.ts';
import { configCheck } from './config-check.ts';
import { doctor } from './doctor.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { type InstallOptions, installService, uninstallService } from './install-service.ts';
import { orphansAdopt, orphansDestroy, orphansList } from './orphans.ts';
import { type ReconcileOptions, reconcile } from './reconcile.ts';
import { run } from './run.ts';
import { runCheck } from './run-check.ts';
import { type SetupTokenOptions, setupToken } from './setup-token.ts';
import { status } from './status.ts';
import { type TestProvisionOptions, testProvision } from './test-provision.ts';

const DEFAULT_API = 'https://api.decent-cloud.org';

function createProgram(): Command {
  const program = new Command('dc-agent')
    .description('The program at the provider: turns commands of the platform into machines')
    .option('--config <path>', 'configuration file', DEFAULT_CONFIG)
    .option('--json', 'print JSON, of every command that shows something')
    .version(VERSION, '-V, --version')
    .exitOverride()
    .showHelpAfterError()
    .hook('preAction', () => void useProxyOf(process.env));
  const configPath = (): string => program.opts<{ config: string }>().config;
  /** `--json` stands before the command as well as after it. */
  const withJson = <O extends { json?: boolean }>(options: O): O => ({
    ...options,
    ...program.opts<{ json?: boolean }>(),
  });

  program
    .command('run')
    .description('run the service')
    .option('--check', 'try everything that it needs, and start nothing')
    .option('--json', 'with --check: print JSON')
    .action((options: { check?: boolean; json?: boolean }) =>
      options.check ? runCheck(configPath(), withJson(options)) : run(configPath()),
    );
  program
    .command('doctor')
    .description('look whether everything is as it should be')
    .option('--no-verify-api', 'leave the platform out')
    .option('--no-test-provision', 'make no test machine')
    .option('--json', 'print a list of findings')
    .action((options: { verifyApi: boolean; testProvision: boolean; json?: boolean }) =>
      doctor(configPath(), withJson(options)),
    );
  program
    .command('setup')
    .description('set this agent up')
    .command('token')
    .description('join a pool with a setup token and write the configuration')
    .requiredOption('--token <token>', 'setup token of the provider')
    .option('--api-url <url>', 'where the platform is', DEFAULT_API)
    .option('--output <path>', 'configuration file to write', DEFAULT_CONFIG)
    .option('--force', 'overwrite the configuration file')
    .option('--non-interactive', 'ask nothing')
    .option('--provisioner <type>', 'what makes the machines; otherwise as the pool says')
    .option('--data-dir <path>', 'where the agent keeps its state')
    .option(
      '--port-range <first-last>',
      `ports of this host for ${typesWithPorts('and')} machines: 23000-23999`,
    )
    .option('--key-file <path>', 'key of the agent, made when absent (~/.dc-agent/agent.key)')
    .addOption(
      new Option('--install-service <true|false>', 'let systemd run the agent')
        .choices(['true', 'false'])
        .default('false'),
    )
    .action((options: SetupTokenOptions) => setupToken(options));
  program
    .command('test-provision')
    .description('make a small machine, sign in, and remove it again')
    .option('--ssh-pubkey <key>', 'lets this key in as well')
    .option('--keep', 'leave the machine')
    .option('--contract-id <id>', 'name of the test contract (test-<seconds>)')
    .action((options: TestProvisionOptions) => testProvision(configPath(), options));
  program
    .command('status')
    .description('show machines, connection and drift')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => status(configPath(), withJson(options)));
  program
    .command('install-service')
    .description('let systemd run the agent')
    .option('--user <name>', 'the user that it runs as (root)')
    .option('--dry-run', 'only show the unit')
    .option('--force', 'replace a unit that somebody else wrote')
    .action((options: InstallOptions) => installService(configPath(), options));
  program
    .command('uninstall-service')
    .description('end the service and take its unit away; machines stay')
    .option('--dry-run', 'only say what would be done')
    .option('--force', 'remove a unit that somebody else wrote')
    .action((options: InstallOptions) => uninstallService(options));
  program
    .command('reconcile')
    .description('let the running agent compare with what the platform wants, now')
    .option('--dry-run', 'only show what would be done')
    .option('--json', 'print JSON')
    .action((options: ReconcileOptions) => reconcile(configPath(), withJson(options)));
  const orphans = program
    .command('orphans')
    .description('machines that no contract of this agent stands for');
  orphans
    .command('list')
    .description('show them')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => orphansList(configPath(), withJson(options)));
  orphans
    .command('adopt')
    .description('put a machine under the contract that it is marked with')
    .argument('<externalId>')
    .option('--json', 'print JSON')
    .action((externalId: string, options: { json?: boolean }) =>
      orphansAdopt(configPath(), externalId, withJson(options)),
    );
  orphans
    .command('destroy')
    .description('remove a machine for good')
    .argument('<externalId>')
    .option('--yes', 'ask nothing')
    .option('--json', 'print JSON')
    .action((externalId: string, options: { yes?: boolean; json?: boolean }) =>
      orphansDestroy(configPath(), externalId, withJson(options)),
    );
  program
    .command('config')
    .description('work with the configuration')
    .command('check')
    .description('check the configuration file')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => configCheck(configPath(), withJson(options)));
  return program;
}

/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(argv);
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const text = error instanceof Error ? error.message : String(error);
    console.error(`dc-agent: ${text}`);
    if (process.env.DC_AGENT_LOG === 'debug' && error instanceof Error) console.error(error.stack);
    return exitCodeOf(error);
  }
}
