import { type FileHandle, mkdir, open, readFile, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { syncFolder, writeDurably } from './durable-file.ts';

/** The journal is damaged in a way that no crash explains. */
export class JournalDamagedError extends Error {
  override readonly name = 'JournalDamagedError';
}

interface Waiting {
  readonly line: string;
  readonly onDurable: () => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Lines on the disk: each is there for good when `append` returns. Lines that wait share one flush. */
export class JournalFile {
  readonly path: string;
  private handle: FileHandle | undefined;
  private waiting: Waiting[] = [];
  private writing: Promise<void> = Promise.resolve();
  private broken: unknown;
  lines = 0;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Opens it and gives what it holds. A last line without its end was never acknowledged to anybody: it is cut off.
   * @throws JournalDamagedError
   */
  async open(): Promise<unknown[]> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    const { entries, wholeBytes, bytes } = await readJournal(this.path);
    if (wholeBytes < bytes) await truncate(this.path, wholeBytes);
    this.handle = await open(this.path, 'a', 0o600);
    await this.handle.sync();
    await syncFolder(dirname(this.path));
    this.lines = entries.length;
    return entries;
  }

  /** `onDurable` runs when the line is safe, before anything else can look. */
  append(entry: unknown, onDurable: () => void): Promise<void> {
    const line = lineOf(entry);
    return new Promise((resolve, reject) => {
      this.waiting.push({ line, onDurable, resolve, reject });
      if (this.waiting.length === 1) this.writing = this.writing.then(() => this.flush());
    });
  }

  /** Replaces everything by these entries, together with what waits to be appended after them. */
  async rewrite(snapshot: () => readonly unknown[]): Promise<void> {
    const step = this.writing.then(async () => {
      await this.flush();
      const entries = snapshot();
      await writeDurably(this.path, entries.map(lineOf).join(''));
      await this.handle?.close();
      this.handle = await open(this.path, 'a', 0o600);
      this.lines = entries.length;
    });
    this.writing = step.catch((error: unknown) => {
      this.broken = error;
    });
    await step;
  }

  async close(): Promise<void> {
    await this.writing;
    await this.handle?.close();
    this.handle = undefined;
  }

  private async flush(): Promise<void> {
    const batch = this.waiting;
    this.waiting = [];
    if (batch.length === 0) return;
    try {
      if (this.broken !== undefined) throw this.broken;
      if (!this.handle) throw new Error('the journal is closed');
      await this.handle.write(batch.map(({ line }) => line).join(''));
      await this.handle.datasync();
      this.lines += batch.length;
      for (const { onDurable, resolve } of batch) {
        onDurable();
        resolve();
      }
    } catch (error) {
      // What is on the disk is unknown now: nothing more may be promised.
      this.broken = error;
      for (const { reject } of batch) reject(error);
    }
  }
}

/** Reads a journal without changing it. @throws JournalDamagedError */
export async function readJournal(
  path: string,
): Promise<{ readonly entries: unknown[]; readonly wholeBytes: number; readonly bytes: number }> {
  let data: Buffer;
  try {
    data = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { entries: [], wholeBytes: 0, bytes: 0 };
    throw error;
  }
  const wholeBytes = data.lastIndexOf(0x0a) + 1;
  const lines = data.subarray(0, wholeBytes).toString('utf8').split('\n').slice(0, -1);
  const entries = lines.map((line, index) => {
    try {
      return entryOf(line);
    } catch (error) {
      throw new JournalDamagedError(`line ${index + 1} of ${path} cannot be read`, { cause: error });
    }
  });
  return { entries, wholeBytes, bytes: data.length };
}

const CHECKED = /^([0-9a-f]{8}) /;

/** A checksum of the bytes that follow it, then the entry. */
function lineOf(entry: unknown): string {
  const text = JSON.stringify(entry);
  return `${sumOf(text)} ${text}\n`;
}

/** Lines of older versions have no checksum. @throws */
function entryOf(line: string): unknown {
  const sum = CHECKED.exec(line)?.[1];
  if (sum === undefined) return JSON.parse(line);
  const text = line.slice(sum.length + 1);
  if (sumOf(text) !== sum) throw new Error('its checksum is wrong');
  return JSON.parse(text);
}

const sumOf = (text: string): string => crc32(text).toString(16).padStart(8, '0');
