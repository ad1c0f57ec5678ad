import type { ServerResponse } from 'node:http';
import type { Position } from './fact-reader.ts';
import type { LiveChange } from './live-facts.ts';
import type { LiveListener, Page } from './live-listener.ts';

/** A client that has taken nothing for so many keep-alives is cut off; it comes back where it stopped reading. */
const MOST_BLOCKED_TICKS = 4;
/** Clients come back after so long, spread out so that a restart does not meet all of them at once. */
const RECONNECT_MS = [1_000, 4_000] as const;

export interface EventStreamOptions {
  readonly response: Pick<ServerResponse, 'write' | 'end' | 'destroy' | 'on' | 'writableNeedDrain'>;
  readonly publicKey: string;
  readonly accountId: string | undefined;
  readonly address: string;
  /** Where this gateway stands. */
  readonly position: () => Position;
  /** What came after a sequence, at once or read from the stream; undefined when some of it is gone. Must not throw. */
  readonly pageAfter: (
    sequence: number,
    concerns: (change: LiveChange) => boolean,
  ) => Page | undefined | Promise<Page | undefined>;
  readonly keepAliveMs: number;
  readonly random: () => number;
  readonly onClose: (stream: EventStream, why: string) => void;
}

/**
 * One client of the live updates. It holds nothing for its client: what a connection does not take at once is read again
 * from the past when it takes more, page by page.
 */
export class EventStream implements LiveListener {
  readonly publicKey: string;
  readonly address: string;
  accountId: string | undefined;
  /** All that concerns the client up to here was written. */
  private sequence = -1;
  private isLive = false;
  private resets = 0;
  private blockedTicks = 0;
  private wake: () => void = () => undefined;
  private readonly timer: NodeJS.Timeout;
  private closed = false;

  constructor(private readonly options: EventStreamOptions) {
    this.publicKey = options.publicKey;
    this.accountId = options.accountId;
    this.address = options.address;
    const { response } = options;
    response.on('close', () => this.close('the client left'));
    response.on('error', () => this.close('the connection broke'));
    response.on('drain', () => {
      this.blockedTicks = 0;
      this.wake();
    });
    this.timer = setInterval(() => this.keepAlive(), options.keepAliveMs);
  }

  /** First words: when to come back, and where the client stands. Then all that came after, and what comes from now on. */
  open(sequence: number): void {
    const [min, max] = RECONNECT_MS;
    const retryMs = Math.round(min + this.options.random() * (max - min));
    this.sequence = sequence;
    this.write(`retry: ${retryMs}\nid: ${this.id(sequence)}\n\n`);
    this.catchUp();
  }

  take(change: LiveChange): void {
    if (!this.isLive || change.sequence <= this.sequence) return;
    if (this.options.response.writableNeedDrain) {
      this.sequence = change.sequence - 1;
      this.catchUp();
    } else this.send(change);
  }

  reset(position: Position): void {
    this.resets++;
    this.sequence = position.sequence;
    const id = idOf(position.incarnation, position.sequence);
    this.write(`id: ${id}\nevent: reset\ndata: {"reason":"changes may be missing"}\n\n`);
  }

  end(why: string): void {
    if (this.closed) return;
    this.options.response.end(`: ${why}\n\n`);
    this.close(why);
  }

  private catchUp(): void {
    this.isLive = false;
    this.writeThePast().catch((error: unknown) => this.cut(`could not go on: ${String(error)}`));
  }

  /** No faster than the client reads; a reset that comes meanwhile says where to go on. */
  private async writeThePast(): Promise<void> {
    const { position, pageAfter } = this.options;
    while (!this.closed && this.sequence < position().sequence) {
      const { resets } = this;
      const page = await pageAfter(this.sequence, this.concerns);
      if (this.closed) return;
      if (resets !== this.resets) continue;
      if (!page) this.reset(position());
      else await this.writePage(page, resets);
      await this.drained();
    }
    this.isLive = true;
  }

  private async writePage({ changes, upTo }: Page, resets: number): Promise<void> {
    for (const change of changes) {
      if (change.sequence <= this.sequence || !this.concerns(change)) continue;
      await this.drained();
      if (this.closed || resets !== this.resets) return;
      this.send(change);
    }
    if (upTo <= this.sequence) return;
    // A break here goes on here, although nothing concerned the client.
    this.sequence = upTo;
    this.write(`id: ${this.id(upTo)}\n\n`);
  }

  private async drained(): Promise<void> {
    while (!this.closed && this.options.response.writableNeedDrain) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  private keepAlive(): void {
    if (this.options.response.writableNeedDrain) {
      if (++this.blockedTicks >= MOST_BLOCKED_TICKS) this.cut('does not read');
    } else if (this.isLive) {
      const stands = Math.max(this.sequence, this.options.position().sequence);
      this.write(`: keep-alive\nid: ${this.id(stands)}\n\n`);
    } else this.write(': keep-alive\n\n');
  }

  private readonly concerns = (change: LiveChange): boolean =>
    change.audience.some((name) => name === this.publicKey || name === this.accountId);

  private send(change: LiveChange): void {
    this.sequence = change.sequence;
    this.write(`id: ${this.id(change.sequence)}\nevent: ${change.event}\ndata: ${change.data}\n\n`);
  }

  private id(sequence: number): string {
    return idOf(this.options.position().incarnation, sequence);
  }

  private write(text: string): void {
    if (!this.closed) this.options.response.write(text);
  }

  private cut(why: string): void {
    this.options.response.destroy();
    this.close(why);
  }

  private close(why: string): void {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.timer);
    this.wake();
    this.options.onClose(this, why);
  }
}

/** `<sequence>-<incarnation of the stream>` */
export const idOf = (incarnation: string, sequence: number): string => `${sequence}-${incarnation}`;

/** A Last-Event-ID; without an incarnation it is taken for one of the present stream. */
export function parseEventId(text: string): { sequence: number; incarnation?: string } | undefined {
  const match = /^(\d{1,15})(?:-([0-9a-z]{1,16}))?$/.exec(text);
  if (!match) return undefined;
  return { sequence: Number(match[1]), ...(match[2] !== undefined && { incarnation: match[2] }) };
}
