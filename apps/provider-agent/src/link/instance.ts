import { createHash, randomUUID } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, resolve } from 'node:path';

/** This process, as the platform tells it from others that have the agent's key. */
export interface Instance {
  readonly instanceId: string;
  readonly host: string;
  readonly place: string;
  readonly boot: string;
}

/**
 * Nothing of it is kept: whoever copies the data folder gets another one. The place is the journal's folder itself (not
 * its name) on this host; its lock lets one process work there, so the next one in the same place is a new start.
 */
export async function thisInstance(journalPath: string): Promise<Instance> {
  const path = resolve(journalPath);
  const { dev, ino } = await stat(dirname(path), { bigint: true });
  const host = hostname();
  const machine = (await firstLine('/etc/machine-id')) ?? host;
  const boot = (await firstLine('/proc/sys/kernel/random/boot_id')) ?? host;
  return {
    instanceId: randomUUID(),
    host: host.slice(0, 255),
    place: hashOf(machine, dev, ino, basename(path)),
    boot: hashOf(boot),
  };
}

const hashOf = (...parts: readonly (string | bigint)[]): string =>
  createHash('sha256').update(parts.join('\n')).digest('hex');

async function firstLine(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).split('\n')[0]?.trim() || undefined;
  } catch (error) {
    // Not every system has it, nor lets everybody read it.
    if (['ENOENT', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
