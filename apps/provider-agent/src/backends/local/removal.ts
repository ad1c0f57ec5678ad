import { randomBytes } from 'node:crypto';
import { chmod, lstat, opendir, rename, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { printableName } from './names.ts';

/** What could not be removed: how much, and why the first of it. */
export interface Refused {
  readonly count: number;
  readonly first: string;
}

const AT_ONCE = 64;

/**
 * Removes what is at the path with all that is in it, whatever the modes, names, depth and number. Links are not followed,
 * and what is mounted below is not entered.
 * @param last the entry of the folder that goes when all others have gone
 * @returns what is still there; nothing when all is gone
 */
export async function removeAll(path: string, last: string): Promise<Refused | undefined> {
  const removal = new Removal(path, last);
  await removal.run();
  return removal.refused;
}

/** Every folder inside is moved up into the first one before it is emptied, so that no path grows long. */
class Removal {
  refused: Refused | undefined;
  private readonly moved = new Set<string>();

  constructor(
    private readonly root: string,
    private readonly last: string,
  ) {}

  async run(): Promise<void> {
    const { root, last } = this;
    if (!(await this.isFolder())) {
      await this.attempt(root, () => unlink(root));
      return;
    }
    const folders = [root];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      const current = folder;
      const isEmpty = await this.empty(current, folders);
      if (isEmpty && current !== root) await this.attempt(current, () => rmdir(current));
    }
    if (this.refused) return;
    const lastPath = join(root, last);
    await this.attempt(lastPath, () => unlink(lastPath));
    await this.attempt(root, () => rmdir(root));
  }

  private async isFolder(): Promise<boolean> {
    let isFolder = false;
    await this.attempt(this.root, async () => {
      isFolder = (await lstat(this.root)).isDirectory();
    });
    return isFolder;
  }

  /** Takes away what is in a folder; folders in it are moved up and found later. */
  private async empty(folder: string, found: string[]): Promise<boolean> {
    await openUp(folder);
    // Not every file system shows all entries to somebody who removes them meanwhile.
    for (;;) {
      const round = { removed: 0, failed: 0 };
      const isRead = await this.attempt(folder, () => this.takeEach(folder, found, round));
      if (!isRead || round.failed > 0) return false;
      if (round.removed === 0) return true;
    }
  }

  private async takeEach(
    folder: string,
    found: string[],
    round: { removed: number; failed: number },
  ): Promise<void> {
    let batch: Promise<boolean>[] = [];
    const settle = async () => {
      for (const isDone of await Promise.all(batch)) round[isDone ? 'removed' : 'failed']++;
      batch = [];
    };
    for await (const entry of await opendir(folder, { encoding: 'buffer' as BufferEncoding })) {
      // The types know names as text only.
      const name = entry.name as unknown as Buffer;
      if (folder === this.root && this.isKept(name.toString('latin1'))) continue;
      batch.push(this.take(folder, name, entry.isDirectory(), found));
      if (batch.length >= AT_ONCE) await settle();
    }
    await settle();
  }

  private isKept(name: string): boolean {
    return name === this.last || this.moved.has(name);
  }

  private take(folder: string, name: Buffer, isFolder: boolean, found: string[]): Promise<boolean> {
    const path = Buffer.concat([Buffer.from(`${folder}/`), name]);
    if (!isFolder) return this.attempt(path, () => unlink(path));
    const above = `moved-${randomBytes(12).toString('hex')}`;
    return this.attempt(path, async () => {
      // One that may not be written to cannot be moved into another one.
      await openUp(path);
      this.moved.add(above);
      await rename(path, join(this.root, above));
      found.push(join(this.root, above));
    });
  }

  /** What has gone meanwhile is gone. */
  private async attempt(path: string | Buffer, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      const { code, syscall = '' } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      if (code === 'ENOENT') return true;
      const first = this.refused?.first ?? `${code} ${syscall} ${printableName(Buffer.from(path))}`;
      this.refused = { count: (this.refused?.count ?? 0) + 1, first };
      return false;
    }
  }
}

/** Where that is refused, the next step is too, and says why. */
function openUp(folder: string | Buffer): Promise<void> {
  return chmod(folder, 0o700).catch(() => undefined);
}
