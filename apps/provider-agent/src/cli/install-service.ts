import { join } from 'node:path';
import { type AgentConfig, loadConfig } from '../config/load-config.ts';
import { type ServiceHost, thisHost } from '../service/host.ts';
import { UNIT_MARK, UNIT_NAME, unitText } from '../service/unit.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { foldersOf, needsOf, prepareForUser } from './service-user.ts';

export interface InstallOptions {
  readonly user?: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

const USER_NAME = /^[a-z_][a-z0-9_-]{0,31}\$?$/;

/** Lets systemd run the agent. The same again changes nothing. */
export async function installService(
  configPath: string,
  options: InstallOptions,
  host: ServiceHost = thisHost,
): Promise<void> {
  const config = await loadConfig(configPath);
  const text = await unitOf(config, options.user, host);
  const file = join(host.unitFolder, UNIT_NAME);
  if (options.dryRun) {
    console.log(text);
    console.error(`Nothing was changed. It would be ${file}; then systemctl: daemon-reload, enable, start.`);
    return;
  }
  await refuseWithoutSystemd('install-service', host);
  const before = await host.read(file);
  if (before !== undefined && before !== text && !before.startsWith(UNIT_MARK) && !options.force) {
    throw new CommandError(EXIT.failure, `${file} was written by somebody else: --force replaces it`);
  }
  await prepareForUser(config, options.user, host);
  const isNew = before !== text;
  if (isNew) await host.write(file, text);
  await host.systemctl('daemon-reload');
  await host.systemctl('enable', UNIT_NAME);
  // A restart brings a changed unit into effect; the agent hands over what it is at.
  await host.systemctl(isNew ? 'restart' : 'start', UNIT_NAME);
  console.log(
    isNew
      ? `${file} is written, the service is enabled and runs.`
      : `${file} was there already; the service runs.`,
  );
  console.log(`Its log: journalctl -u ${UNIT_NAME}. Its state: dc-agent --config ${config.file} status`);
}

/** Ends the service and takes the unit away. Machines, configuration and journal stay. */
export async function uninstallService(
  options: Pick<InstallOptions, 'dryRun' | 'force'>,
  host: ServiceHost = thisHost,
): Promise<void> {
  const file = join(host.unitFolder, UNIT_NAME);
  const before = await host.read(file);
  if (options.dryRun) {
    console.log(
      before === undefined ? `${file} is not there: nothing to do` : `would stop, disable and remove ${file}`,
    );
    return;
  }
  await refuseWithoutSystemd('uninstall-service', host);
  if (before === undefined) {
    console.log(`${file} is not there: nothing was done.`);
    return;
  }
  if (!before.startsWith(UNIT_MARK) && !options.force) {
    throw new CommandError(EXIT.failure, `${file} was written by somebody else: --force removes it`);
  }
  await host.systemctl('disable', '--now', UNIT_NAME);
  await host.remove(file);
  await host.systemctl('daemon-reload');
  console.log(`${file} is removed. Machines, configuration and journal are as they were.`);
}

/** @throws CommandError saying what is missing */
export async function refuseWithoutSystemd(command: string, host: ServiceHost = thisHost): Promise<void> {
  if (host.uid !== 0) {
    throw new CommandError(
      EXIT.failure,
      `${command} needs root: give it with sudo, or look at what it would do with --dry-run`,
    );
  }
  if (!(await host.hasSystemd())) {
    throw new CommandError(
      EXIT.failure,
      'systemd does not run on this host: let something else keep `dc-agent run` alive, or look at the unit with --dry-run',
    );
  }
}

async function unitOf(config: AgentConfig, user: string | undefined, host: ServiceHost): Promise<string> {
  if (user !== undefined && !USER_NAME.test(user)) {
    throw new CommandError(EXIT.usage, `--user: "${user}" is no name of a user`);
  }
  return unitText({
    program: await host.program(),
    configFile: config.file,
    user: user === 'root' ? undefined : user,
    needs: needsOf(config),
    writes: foldersOf(config),
    reads: config.keyFile ? [config.keyFile] : [],
  });
}
