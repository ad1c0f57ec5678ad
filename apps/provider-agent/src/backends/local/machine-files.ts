import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { machineName } from '../../domain/machine.ts';
import { writeDurably } from '../../journal/durable-file.ts';
import type { MachineMarks } from '../backend.ts';
import { newSshKey } from '../ssh-key.ts';
import { passwordHash } from './password.ts';

const machineFile = z.strictObject({
  version: z.literal(1),
  externalId: z.string(),
  contractId: z.string(),
  generation: z.int().min(1),
  environment: z.string(),
  agent: z.string(),
  port: z.int().min(1).max(65_535),
  power: z.enum(['running', 'stopped']),
  sshPublicKeys: z.array(z.string()).min(1),
  /** Absent until one is set: there is no way in by password then. */
  password: passwordHash.optional(),
});
export type LocalMachine = z.output<typeof machineFile>;

const TEMPORARY = '.new-';
const DOOMED = '.gone-';

/** The machines as they lie on the disk: a folder each, with its description, host key and home. */
export class MachineFiles {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Makes the folder and clears what a crash left half made or half removed. */
  async open(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.folder)) {
      if (name.startsWith(TEMPORARY) || name.startsWith(DOOMED)) {
        await rm(join(this.folder, name), { recursive: true, force: true });
      }
    }
  }

  async list(): Promise<LocalMachine[]> {
    const names = await readdir(this.folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    const machines: LocalMachine[] = [];
    for (const name of names.filter((candidate) => !candidate.startsWith('.')).sort()) {
      const machine = await this.read(name);
      if (machine) machines.push(machine);
    }
    return machines;
  }

  /** @throws when the description cannot be understood */
  async read(externalId: string): Promise<LocalMachine | undefined> {
    let text: string;
    try {
      text = await readFile(join(this.folderOf(externalId), 'machine.json'), 'utf8');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw error;
    }
    return machineFile.parse(JSON.parse(text));
  }

  /** All at once: a crash leaves either the whole machine or nothing that counts. */
  async create(marks: MachineMarks, port: number, sshPublicKeys: readonly string[]): Promise<LocalMachine> {
    const externalId = machineName(marks.contractId, marks.generation);
    const machine: LocalMachine = {
      version: 1,
      externalId,
      ...marks,
      port,
      power: 'running',
      sshPublicKeys: [...sshPublicKeys],
    };
    const temporary = join(this.folder, `${TEMPORARY}${randomBytes(6).toString('hex')}`);
    await mkdir(join(temporary, 'home'), { recursive: true, mode: 0o700 });
    const key = newSshKey(externalId);
    await writeFile(join(temporary, 'host_key'), key.private, { mode: 0o600 });
    await writeFile(join(temporary, 'host_key.pub'), `${key.public}\n`, { mode: 0o644 });
    await writeDurably(join(temporary, 'machine.json'), JSON.stringify(machine));
    await rename(temporary, this.folderOf(externalId));
    const folder = await open(this.folder);
    await folder.sync().finally(() => folder.close());
    return machine;
  }

  async save(machine: LocalMachine): Promise<void> {
    await writeDurably(join(this.folderOf(machine.externalId), 'machine.json'), JSON.stringify(machine));
  }

  /** Out of sight in one step, then removed; returns when nothing is left. */
  async remove(externalId: string): Promise<void> {
    const doomed = join(this.folder, `${DOOMED}${externalId}-${randomBytes(4).toString('hex')}`);
    try {
      await rename(this.folderOf(externalId), doomed);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    await rm(doomed, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }

  hostKey(externalId: string): Promise<string> {
    return readFile(join(this.folderOf(externalId), 'host_key'), 'utf8');
  }

  /** `ssh-ed25519 AAAA…` without the comment. */
  async hostPublicKey(externalId: string): Promise<string> {
    const text = await readFile(join(this.folderOf(externalId), 'host_key.pub'), 'utf8');
    return text.trim().split(' ').slice(0, 2).join(' ');
  }

  homeOf(externalId: string): string {
    return join(this.folderOf(externalId), 'home');
  }

  folderOf(externalId: string): string {
    if (!/^[A-Za-z0-9][A-Za-z0-9-]{0,127}$/.test(externalId)) {
      throw new Error(`"${externalId}" is no id of a local machine`);
    }
    return join(this.folder, externalId);
  }
}

/** `SHA256:…` as ssh-keygen prints it. */
export function fingerprintOf(publicKey: string): string {
  const blob = Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}
