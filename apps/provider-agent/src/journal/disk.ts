import { type FileHandle, mkdir, open, readFile, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder, writeDurably } from './durable-file.ts';

/** One file that grows, or is replaced whole. What these have done when they return survives a crash. */
export interface Disk {
  /** Where it is, for people. */
  readonly path: string;
  /** What it holds; undefined when there is none. */
  read(): Promise<Buffer | undefined>;
  /** Cuts it to so many bytes, if given, and makes it ready to be appended to. */
  open(bytes?: number): Promise<void>;
  append(text: string): Promise<void>;
  /** After a crash it holds either the old text or the new one. */
  replace(text: string): Promise<void>;
  close(): Promise<void>;
}

/** A file of this host. */
export class HostDisk implements Disk {
  private handle: FileHandle | undefined;

  constructor(readonly path: string) {}

  async read(): Promise<Buffer | undefined> {
    try {
      return await readFile(this.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async open(bytes?: number): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    if (bytes !== undefined) await truncate(this.path, bytes);
    this.handle = await open(this.path, 'a', 0o600);
    await this.handle.sync();
    await syncFolder(dirname(this.path));
  }

  async append(text: string): Promise<void> {
    if (!this.handle) throw new Error('the journal is closed');
    await this.handle.write(text);
    await this.handle.datasync();
  }

  async replace(text: string): Promise<void> {
    await writeDurably(this.path, text);
    await this.handle?.close();
    this.handle = await open(this.path, 'a', 0o600);
  }

  async close(): Promise<void> {
    await this.handle?.close();
    this.handle = undefined;
  }
}
