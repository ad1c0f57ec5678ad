import { access, constants, stat } from 'node:fs/promises';
import type { VerifyFinding } from '../backend.ts';
import { limitableCpus } from './cpus.ts';
import type { Look, MachineFiles } from './machine-files.ts';
import type { LocalBackendOptions } from './options.ts';
import type { LocalPorts } from './ports.ts';
import { HOST } from './ssh-server.ts';
import { canMakeTerminals } from './terminal.ts';

/** Looks whether machines could be made here, and changes nothing. */
export async function verifyHost(
  options: LocalBackendOptions,
  files: MachineFiles,
  ports: LocalPorts,
): Promise<VerifyFinding[]> {
  const { portRangeStart, portRangeEnd, maxMachines } = options;
  const { machines, remains } = await files.look().catch(unlessClosed);
  const free = await ports.take(machines).catch(() => undefined);
  if (free !== undefined) ports.giveBack(free);
  const writable = await mayWrite(options.folder);
  const terminals = await canMakeTerminals();
  const cpus = await limitableCpus();
  return [
    {
      id: 'isolation',
      status: 'warn',
      detail: `local machines are folders on this host without isolation, on ${HOST} only: for trying out`,
    },
    {
      id: 'folder',
      status: writable ? 'ok' : 'fail',
      detail: options.folder,
      ...(!writable && { fix: 'let the user that runs the agent write there' }),
    },
    {
      id: 'ports',
      // Machines that are there are served all the same.
      status: free !== undefined ? 'ok' : machines.length > 0 ? 'warn' : 'fail',
      detail: `${portRangeStart} to ${portRangeEnd}, at most ${maxMachines} machines`,
      ...(free === undefined && { fix: 'set port_range_start and port_range_end in [provisioner.local]' }),
    },
    {
      id: 'terminals',
      status: terminals ? 'ok' : 'warn',
      detail: terminals ? 'script of util-linux' : 'interactive shells have no terminal',
      ...(!terminals && { fix: 'install util-linux' }),
    },
    {
      id: 'cpus',
      status: cpus ? 'ok' : 'warn',
      detail: cpus
        ? `taskset of util-linux: machines see as many of ${cpus.length} CPUs as were rented`
        : 'machines see all CPUs of this host, whatever was rented',
      ...(!cpus && { fix: 'install util-linux' }),
    },
    ...remains.map(({ externalId, why }) => ({
      id: 'remains',
      status: 'warn' as const,
      detail: `${externalId}: ${why}`,
      fix: `\`dc-agent orphans destroy ${externalId}\`, or by hand in ${options.folder}`,
    })),
  ];
}

/** A folder that may not be read is said by its own finding. */
function unlessClosed(error: NodeJS.ErrnoException): Look {
  if (error.code !== 'EACCES') throw error;
  return { machines: [], remains: [] };
}

/** The owner of the folder may always: the agent's start sets its mode. */
async function mayWrite(folder: string): Promise<boolean> {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    return (await stat(folder)).uid === process.getuid?.();
  }
}
