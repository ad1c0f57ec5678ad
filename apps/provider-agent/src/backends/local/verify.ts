import { access, constants } from 'node:fs/promises';
import type { VerifyFinding } from '../backend.ts';
import type { LocalBackendOptions } from './local-backend.ts';
import type { MachineFiles } from './machine-files.ts';
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
  const free = await ports.take(await files.list()).catch(() => undefined);
  if (free !== undefined) ports.giveBack(free);
  const writable = await access(options.folder, constants.W_OK).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );
  const terminals = await canMakeTerminals();
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
      status: free === undefined ? 'fail' : 'ok',
      detail: `${portRangeStart} to ${portRangeEnd}, at most ${maxMachines} machines`,
      ...(free === undefined && { fix: 'set port_range_start and port_range_end in [provisioner.local]' }),
    },
    {
      id: 'terminals',
      status: terminals ? 'ok' : 'warn',
      detail: terminals ? 'script of util-linux' : 'interactive shells have no terminal',
      ...(!terminals && { fix: 'install util-linux' }),
    },
  ];
}
