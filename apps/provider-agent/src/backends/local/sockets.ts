import { readdir, readFile, readlink } from 'node:fs/promises';
import { findProcesses, MACHINE_MARK } from './processes.ts';

const LISTENING = '0A';
const ANY = ['00000000', '0'.repeat(32)];
/** As the kernel prints them: words of the address in the order of the host. */
const LOOPBACK: Readonly<Record<string, readonly string[]>> = {
  '127.0.0.1': ['0100007F', '0000000000000000FFFF00000100007F'],
  '::1': ['00000000000000000000000001000000'],
};

interface Socket {
  readonly address: string;
  readonly port: number;
  readonly remotePort: number;
  readonly state: string;
  readonly inode: string;
}

/** Do programs of this machine listen at the port, and nobody else? Needs /proc: without it nothing is known to be theirs. */
export async function isListeningIn(externalId: string, host: string, port: number): Promise<boolean> {
  const addresses = [...ANY, ...(LOOPBACK[host] ?? [])];
  const listeners = (await sockets()).filter(
    (socket) => socket.state === LISTENING && socket.port === port && addresses.includes(socket.address),
  );
  return areOf(externalId, listeners);
}

/** Does the end of a connection over the loopback address that has these ports belong to a program of this machine? */
export async function isConnectedFrom(
  externalId: string,
  port: number,
  remotePort: number,
): Promise<boolean> {
  const ends = (await sockets()).filter(
    (socket) => socket.port === port && socket.remotePort === remotePort && isLoopback(socket.address),
  );
  return areOf(externalId, ends);
}

const isLoopback = (address: string): boolean =>
  Object.values(LOOPBACK).some((known) => known.includes(address));

async function areOf(externalId: string, found: readonly Socket[]): Promise<boolean> {
  if (found.length === 0) return false;
  const own = new Set<string>();
  const mark = { name: MACHINE_MARK, value: externalId };
  for (const pid of await findProcesses({ mark, machine: externalId })) {
    for (const inode of await socketsOf(pid)) own.add(inode);
  }
  return found.every(({ inode }) => own.has(inode));
}

async function socketsOf(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder).catch(ifClosed([]));
  const links = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(ifClosed(''))));
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}

async function sockets(): Promise<Socket[]> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'latin1').catch(ifClosed(''))),
  );
  return tables.flatMap((table) => table.split('\n').slice(1).flatMap(socketOf));
}

function socketOf(line: string): Socket[] {
  const [, local = '', remote = '', state = '', , , , , , inode = ''] = line.trim().split(/\s+/);
  const [address = '', port = ''] = local.split(':');
  if (inode === '') return [];
  const remotePort = Number.parseInt(remote.split(':')[1] ?? '', 16);
  return [{ address, port: Number.parseInt(port, 16), remotePort, state, inode }];
}

/** Programs end and close their files while one looks at them; elsewhere than on Linux there is nothing to look at. */
function ifClosed<T>(otherwise: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(error.code ?? '')) return otherwise;
    throw error;
  };
}
