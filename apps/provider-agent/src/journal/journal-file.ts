import { crc32 } from 'node:zlib';
import { type Disk, HostDisk } from './disk.ts';

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
  private waiting: Waiting[] = [];
  private writing: Promise<void> = Promise.resolve();
  private broken: unknown;
  private isClosed = false;
  lines = 0;
  /** Told when nothing can be written any more. */
  onBroken: (error: unknown) => void = () => undefined;

  constructor(private readonly disk: Disk) {}

  /**
   * Opens it and gives what it holds. A last line without its end was never acknowledged to anybody: it is cut off.
   * @throws JournalDamagedError
   */
  async open(): Promise<unknown[]> {
    const { entries, wholeBytes, bytes } = await readLines(this.disk);
    await this.disk.open(wholeBytes < bytes ? wholeBytes : undefined);
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
      await this.disk.replace(entries.map(lineOf).join(''));
      this.lines = entries.length;
    });
    this.writing = step.catch((error: unknown) => this.fail(error));
    await step;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.writing;
    await this.disk.close();
  }

  /** What is on the disk is unknown now: nothing more may be promised. */
  private fail(error: unknown): void {
    if (this.broken === undefined && !this.isClosed) this.onBroken(error);
    this.broken = error;
  }

  private async flush(): Promise<void> {
    const batch = this.waiting;
    this.waiting = [];
    if (batch.length === 0) return;
    try {
      if (this.broken !== undefined) throw this.broken;
      await this.disk.append(batch.map(({ line }) => line).join(''));
      this.lines += batch.length;
      for (const { onDurable, resolve } of batch) {
        onDurable();
        resolve();
      }
    } catch (error) {
      this.fail(error);
      for (const { reject } of batch) reject(error);
    }
  }
}

interface Read {
  readonly entries: unknown[];
  readonly wholeBytes: number;
  readonly bytes: number;
}

/** Reads a journal without changing it. @throws JournalDamagedError */
export const readJournal = (path: string): Promise<Read> => readLines(new HostDisk(path));

async function readLines(disk: Disk): Promise<Read> {
  const data = await disk.read();
  if (!data) return { entries: [], wholeBytes: 0, bytes: 0 };
  const wholeBytes = data.lastIndexOf(0x0a) + 1;
  const lines = data.subarray(0, wholeBytes).toString('utf8').split('\n').slice(0, -1);
  const entries = lines.map((line, index) => {
    try {
      return entryOf(line);
    } catch (error) {
      throw new JournalDamagedError(`line ${index + 1} of ${disk.path} cannot be read`, { cause: error });
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
