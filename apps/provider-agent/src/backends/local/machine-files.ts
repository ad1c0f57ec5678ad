import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { MachineMarks } from '../../domain/machine.ts';
import { machineName } from '../../domain/machine.ts';
import { syncFolder, writeDurably } from '../../journal/durable-file.ts';
import { BackendError } from '../backend.ts';
import { newSshKey } from '../ssh-key.ts';
import { type LocalMachine, readLocalMachine } from './local-machine.stored.ts';
import { printableName } from './names.ts';
import { type Refused, removeAll } from './removal.ts';
import { readSmallFile } from './small-file.ts';

/** Something in the folder that is no machine: what is left of one, or what somebody has put there. */
export interface Remains {
  readonly externalId: string;
  readonly marks?: MachineMarks;
  readonly why: string;
}

export interface Look {
  readonly machines: readonly LocalMachine[];
  readonly remains: readonly Remains[];
}

const DESCRIPTION = 'machine.json';
const TEMPORARY = '.new-';
const DOOMED = /^\.gone-(.+)-[0-9a-f]{8}$/;
const MOST_REMAINS = 100;

/** The machines as they lie on the disk: a folder each, with its description, host key and home. */
export class MachineFiles {
  readonly folder: string;
  /** Why the last removal did not come to its end, by the machine's id. */
  private readonly refusals = new Map<string, Refused>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Makes the folder, and puts out of sight what a crash left half made. */
  async open(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await chmod(this.folder, 0o700);
    for (const name of await readdir(this.folder)) {
      if (!name.startsWith(TEMPORARY)) continue;
      await rename(join(this.folder, name), this.doomedPath(`half-made-${name.slice(TEMPORARY.length)}`));
    }
  }

  /** Goes on with removals that were interrupted. @returns what cannot be removed */
  async clear(): Promise<Remains[]> {
    const names = await this.names();
    const ids = new Set(names.flatMap((name) => DOOMED.exec(name.toString())?.[1] ?? []));
    for (const externalId of ids) await this.removeDoomed(externalId);
    return (await this.look()).remains.filter(({ externalId }) => ids.has(externalId));
  }

  async list(): Promise<readonly LocalMachine[]> {
    return (await this.look()).machines;
  }

  /** Everything that is there, each in its place or with what is wrong with it. */
  async look(): Promise<Look> {
    const machines: LocalMachine[] = [];
    const remains = new Map<string, Remains>();
    for (const name of await this.names()) {
      const found = await this.judge(name);
      if (!found) continue;
      if ('port' in found) machines.push(found);
      else if (remains.size < MOST_REMAINS) remains.set(found.externalId, found);
    }
    return { machines, remains: [...remains.values()] };
  }

  private async judge(name: Buffer): Promise<LocalMachine | Remains | undefined> {
    const text = name.toString();
    if (text.startsWith(TEMPORARY)) return undefined;
    const doomed = DOOMED.exec(text)?.[1];
    if (doomed !== undefined) {
      const machine = await this.describedIn(text).catch(() => undefined);
      const { first, count } = this.refusals.get(doomed) ?? {};
      const why = first
        ? `its removal did not end: ${first}${count === 1 ? '' : `, and ${count} more`}`
        : `its removal has not ended: ${join(this.folder, printableName(name))}`;
      return { externalId: doomed, ...(machine && { marks: marksOf(machine) }), why };
    }
    if (!MACHINE_ID.test(text)) return { externalId: idOf(name), why: 'the agent has not put it there' };
    try {
      const machine = await this.describedIn(text);
      if (machine?.externalId === text) return machine;
      return { externalId: text, why: `${DESCRIPTION} is ${machine ? "another machine's" : 'missing'}` };
    } catch (error) {
      return { externalId: text, why: `${DESCRIPTION} cannot be read: ${reasonOf(error)}` };
    }
  }

  private async names(): Promise<Buffer[]> {
    try {
      return (await readdir(this.folder, { encoding: 'buffer' })).sort(Buffer.compare);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  /** @throws when the description cannot be understood */
  read(externalId: string): Promise<LocalMachine | undefined> {
    return this.describedIn(mustBeId(externalId));
  }

  private async describedIn(name: string): Promise<LocalMachine | undefined> {
    let text: string;
    try {
      text = await readSmallFile(join(this.folder, name, DESCRIPTION));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw error;
    }
    return readLocalMachine(text);
  }

  /** All at once: a crash leaves either the whole machine or nothing that counts. */
  async create(
    marks: MachineMarks,
    port: number,
    sshPublicKeys: readonly string[],
    cpuCores?: number,
  ): Promise<LocalMachine> {
    const externalId = machineName(marks.contractId, marks.generation);
    const machine: LocalMachine = {
      version: 1,
      externalId,
      ...marks,
      port,
      power: 'running',
      sshPublicKeys: [...sshPublicKeys],
      ...(cpuCores !== undefined && { cpuCores }),
    };
    const temporary = join(this.folder, `${TEMPORARY}${randomBytes(6).toString('hex')}`);
    try {
      await mkdir(join(temporary, 'home'), { recursive: true, mode: 0o700 });
      const key = newSshKey(externalId);
      await writeFile(join(temporary, 'host_key'), key.private, { mode: 0o600 });
      await writeFile(join(temporary, 'host_key.pub'), `${key.public}\n`, { mode: 0o644 });
      await writeDurably(join(temporary, DESCRIPTION), JSON.stringify(machine));
      await rename(temporary, this.folderOf(externalId));
    } catch (error) {
      await removeAll(temporary, DESCRIPTION);
      if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) {
        throw stillThere(externalId, 'something has the place of the machine', error);
      }
      throw error;
    }
    await syncFolder(this.folder);
    return machine;
  }

  async save(machine: LocalMachine): Promise<void> {
    await writeDurably(join(this.folderOf(machine.externalId), DESCRIPTION), JSON.stringify(machine));
  }

  /**
   * Out of sight in one step, then removed. What an earlier attempt has left is removed as well.
   * @returns what is still there; nothing when all is gone
   */
  async remove(externalId: string): Promise<Refused | undefined> {
    const name = (await this.names()).find((candidate) => idOf(candidate) === externalId);
    if (name) {
      await rename(Buffer.concat([Buffer.from(`${this.folder}/`), name]), this.doomedPath(externalId));
    }
    return this.removeDoomed(externalId);
  }

  private async removeDoomed(externalId: string): Promise<Refused | undefined> {
    let refused: Refused | undefined;
    for (const name of await this.names()) {
      if (DOOMED.exec(name.toString())?.[1] !== externalId) continue;
      refused = (await removeAll(join(this.folder, name.toString()), DESCRIPTION)) ?? refused;
    }
    if (refused) this.refusals.set(externalId, refused);
    else this.refusals.delete(externalId);
    return refused;
  }

  private doomedPath(externalId: string): string {
    return join(this.folder, `.gone-${externalId}-${randomBytes(4).toString('hex')}`);
  }

  hostKey(externalId: string): Promise<string> {
    return readSmallFile(join(this.folderOf(externalId), 'host_key'));
  }

  /** `ssh-ed25519 AAAA…` without the comment. */
  async hostPublicKey(externalId: string): Promise<string> {
    const text = await readSmallFile(join(this.folderOf(externalId), 'host_key.pub'));
    return text.trim().split(' ').slice(0, 2).join(' ');
  }

  homeOf(externalId: string): string {
    return join(this.folderOf(externalId), 'home');
  }

  folderOf(externalId: string): string {
    return join(this.folder, mustBeId(externalId));
  }
}

const MACHINE_ID = /^[A-Za-z0-9][A-Za-z0-9-]{0,127}$/;
/** What is put out of sight needs a name that the disk takes. */
const MOST_ID_LETTERS = 200;

/** Of whatever lies in the folder, in plain signs. */
function idOf(name: Buffer): string {
  const printable = printableName(name);
  if (printable.length <= MOST_ID_LETTERS) return printable;
  return `long-name-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
}

export const isMachineId = (externalId: string): boolean => MACHINE_ID.test(externalId);

function mustBeId(externalId: string): string {
  if (isMachineId(externalId)) return externalId;
  throw new Error(`"${externalId}" is no id of a local machine`);
}

export function stillThere(externalId: string, message: string, cause?: unknown): BackendError {
  return new BackendError(
    {
      class: 'transient',
      code: 'STILL_THERE',
      message,
      resourcesLeft: [{ kind: 'local-machine', id: externalId }],
    },
    { cause },
  );
}

export function marksOf({ contractId, generation, environment, agent }: LocalMachine): MachineMarks {
  return { contractId, generation, environment, agent };
}

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError || error instanceof SyntaxError) return 'it is not as the agent wrote it';
  return error instanceof Error ? error.message : String(error);
}
