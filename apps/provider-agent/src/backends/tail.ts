import { Writable } from 'node:stream';
import { SCRIPT_LOG_BYTES } from '@decent-cloud/messages/facts';

/** Keeps the end of what it is given. */
export class Tail {
  private parts: Buffer[] = [];
  private size = 0;

  add(chunk: Buffer): void {
    this.parts.push(chunk);
    this.size += chunk.length;
    if (this.size > 2 * SCRIPT_LOG_BYTES) this.trim();
  }

  text(): string {
    this.trim();
    return Buffer.concat(this.parts).toString();
  }

  writable(): Writable {
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.add(chunk);
        done();
      },
    });
  }

  private trim(): void {
    const kept = Buffer.concat(this.parts).subarray(-SCRIPT_LOG_BYTES);
    this.parts = [kept];
    this.size = kept.length;
  }
}
