import { createWriteStream, existsSync, renameSync, statSync } from 'node:fs';

const RETRY_MS = 10_000;

/** The log file of a child: kept below a size with one older file beside it, and no reason to die when the disk is full. */
export class ChildLog {
  /** @type {import('node:fs').WriteStream | undefined} */
  #stream;
  #bytes = 0;
  #openedAt = 0;

  /** @param {string} file @param {{ limitBytes: number, onError: (error: Error) => void, now?: () => number }} options */
  constructor(file, options) {
    this.file = file;
    this.options = options;
  }

  /** @param {string} line */
  write(line) {
    const now = (this.options.now ?? Date.now)();
    if (!this.#stream && now - this.#openedAt < RETRY_MS && this.#openedAt > 0) return;
    if (this.#bytes > this.options.limitBytes) this.close();
    this.#stream ??= this.#open(now);
    this.#bytes += Buffer.byteLength(line) + 1;
    this.#stream.write(`${line}\n`);
  }

  /** The next line opens it again. */
  close() {
    this.#stream?.end();
    this.#stream = undefined;
    this.#openedAt = 0;
  }

  /** @param {number} now */
  #open(now) {
    this.#openedAt = now;
    this.#bytes = existsSync(this.file) ? statSync(this.file).size : 0;
    if (this.#bytes > this.options.limitBytes) {
      renameSync(this.file, `${this.file}.1`);
      this.#bytes = 0;
    }
    const stream = createWriteStream(this.file, { flags: 'a', mode: 0o600 });
    stream.on('error', (error) => {
      if (this.#stream === stream) this.#stream = undefined;
      this.options.onError(error);
    });
    return stream;
  }
}
