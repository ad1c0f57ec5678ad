import { dirname, isAbsolute } from 'node:path';
import type { ServiceNeeds } from '../backends/declaration.ts';
import { declarationOf } from '../backends/registry.ts';
import type { AgentConfig } from '../config/load-config.ts';
import type { ServiceHost } from '../service/host.ts';
import { isStateFolder } from '../service/unit.ts';
import { CommandError, EXIT } from './exit-codes.ts';

/** What the unit must have for the backend's sake. */
export function needsOf({ provisioner: { type, settings } }: AgentConfig): ServiceNeeds {
  return declarationOf(type)?.service?.(settings) ?? {};
}

/** Where the agent writes: its data, its journal, and what its backend says. */
export function foldersOf(config: AgentConfig): string[] {
  return [...new Set([config.dataDir, ...(needsOf(config).writes ?? []), dirname(config.journalPath)])];
}

/**
 * Makes folders that are missing and refuses what the user of the service could not use. The service has no capabilities: it
 * reads what its user owns, root not excepted. @throws CommandError that says what to do; nothing is made then
 */
export async function prepareForUser(
  config: AgentConfig,
  user: string | undefined,
  host: ServiceHost,
): Promise<void> {
  const name = user ?? 'root';
  const uid = name === 'root' ? 0 : await host.uidOf(name);
  if (uid === undefined) {
    throw new CommandError(
      EXIT.failure,
      `there is no user "${name}": useradd --system --home-dir ${config.dataDir} ${name}`,
    );
  }
  const folders = foldersOf(config);
  const files = [config.file, ...(config.keyFile ? [config.keyFile] : [])];
  const journal = [config.journalPath, `${config.journalPath}.lock`];
  // The folder of the journal may be one that others use as well.
  const owned = [...files, ...folders.filter((folder) => !isJournalFolder(folder, config)), ...journal];
  const faults = [
    ...(await foreignFaults(owned, name, uid, host)),
    ...(await journalFault(config, name, host)),
    ...(await accessFaults(config, [...files, ...folders], name, host)),
  ];
  if (faults.length > 0) {
    throw new CommandError(
      EXIT.configuration,
      `the service would run as ${name}, who\n- ${faults.join('\n- ')}`,
    );
  }
  for (const folder of folders) {
    // Systemd makes its own; the rest of the host is read-only for the service, so that it could not.
    if (!isStateFolder(folder) && (await host.realOf(folder)) === undefined)
      await host.makeFolder(folder, uid);
  }
}

const isJournalFolder = (folder: string, { journalPath, dataDir }: AgentConfig): boolean =>
  folder === dirname(journalPath) && folder !== dataDir;

async function journalFault(config: AgentConfig, name: string, host: ServiceHost): Promise<string[]> {
  const folder = dirname(config.journalPath);
  if (!isJournalFolder(folder, config) || (await host.realOf(folder)) === undefined) return [];
  for (const access of ['r', 'w'] as const) {
    if (!(await host.mayUse(name, folder, access)))
      return [`cannot write the journal to ${folder}: name a folder of its own in agent.journal_path`];
  }
  return [];
}

async function foreignFaults(
  paths: readonly string[],
  name: string,
  uid: number,
  host: ServiceHost,
): Promise<string[]> {
  const wrong = new Set<string>();
  const examples: string[] = [];
  for (const path of paths) {
    const real = await host.realOf(path);
    const foreign = real === undefined ? undefined : await host.foreignIn(real, uid);
    if (real === undefined || foreign === undefined) continue;
    // Nobody shall give a folder of the whole host away because we say so.
    if (dirname(real) === '/') {
      return [
        `does not own ${foreign}: name a folder deeper than ${real}, of the agent alone, in the configuration`,
      ];
    }
    const isNew = ![...wrong].some((other) => real === other || real.startsWith(`${other}/`));
    if (!isNew) continue;
    wrong.add(real);
    // Tenants name what is in their machines.
    examples.push(foreign.replaceAll(/\p{Cc}/gu, '?'));
  }
  if (wrong.size === 0) return [];
  return [`does not own ${examples.join(', ')}: chown -R ${name} ${[...wrong].map(shellWord).join(' ')}`];
}

const shellWord = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;

/** What cannot be reached or read, such as a file whose folder is closed. */
async function accessFaults(
  config: AgentConfig,
  own: readonly string[],
  name: string,
  host: ServiceHost,
): Promise<string[]> {
  const read = [...(await host.program()), ...(config.nats.tls_ca ? [config.nats.tls_ca] : [])];
  const faults = new Set<string>();
  for (const path of [...own, ...read].filter((path) => isAbsolute(path))) {
    const real = (await host.realOf(path)) ?? path;
    const closed = await closedAbove(real, name, host);
    if (closed !== undefined) {
      faults.add(`cannot pass ${closed}: chmod o+x ${shellWord(closed)}, or keep ${path} somewhere else`);
    } else if (read.includes(path) && !(await host.mayUse(name, real, 'r'))) {
      faults.add(`cannot read ${path}: chmod o+r ${shellWord(real)}`);
    }
  }
  return [...faults];
}

/** The outermost folder above that the user cannot enter. */
async function closedAbove(path: string, name: string, host: ServiceHost): Promise<string | undefined> {
  const above: string[] = [];
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder))
    above.unshift(folder);
  for (const folder of above) {
    if ((await host.realOf(folder)) === undefined) return undefined;
    if (!(await host.mayUse(name, folder, 'x'))) return folder;
  }
  return undefined;
}
