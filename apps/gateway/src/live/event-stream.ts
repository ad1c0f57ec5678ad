import type { ServerResponse } from 'node:http';
import type { Position } from './fact-reader.ts';
import type { LiveChange } from './live-facts.ts';
import type { LiveListener } from './live-hub.ts';

/** A client that does not read: what waits for it would grow without end. */
const MAX_WAITING_BYTES = 256 * 1024;
const MAX_WAITING_CHANGES = 2_000;
/** Clients come back after so long, spread out so that a restart does not meet all of them at once. */
const RECONNECT_MS = [1_000, 4_000] as const;

export interface EventStreamOptions {
  readonly response: ServerResponse;
  readonly publicKey: string;
  readonly accountId: string | undefined;
  readonly incarnation: () => string;
  readonly keepAliveMs: number;
  readonly random: () => number;
  readonly onClose: (stream: EventStream, why: string) => void;
}

/** One client of the live updates: writes server-sent events, holds changes back while it catches up. */
export class EventStream implements LiveListener {
  readonly publicKey: string;
  accountId: string | undefined;
  private waiting: LiveChange[] | undefined = [];
  private lastSequence = -1;
  private readonly timer: NodeJS.Timeout;
  private closed = false;

  constructor(private readonly options: EventStreamOptions) {
    this.publicKey = options.publicKey;
    this.accountId = options.accountId;
    const { response } = options;
    response.on('close', () => this.close('the client left'));
    response.on('error', () => this.close('the connection broke'));
    this.timer = setInterval(() => this.write(': keep-alive\n\n'), options.keepAliveMs);
  }

  /** First words: when to come back, and where the stream stands. */
  open(position: Position): void {
    const [min, max] = RECONNECT_MS;
    const retryMs = Math.round(min + this.options.random() * (max - min));
    this.write(`retry: ${retryMs}\nid: ${idOf(position.incarnation, position.sequence)}\n\n`);
  }

  /** Something of the past, while later changes are held back. */
  replay(change: LiveChange): void {
    if (this.concerns(change)) this.send(change);
  }

  skipTo(sequence: number): void {
    this.lastSequence = sequence;
  }

  /** The past is written: what was held back goes out, and from now on everything at once. */
  join(): void {
    const held = this.waiting ?? [];
    this.waiting = undefined;
    for (const change of held) this.send(change);
  }

  take(change: LiveChange): void {
    if (!this.waiting) this.send(change);
    else if (this.waiting.push(change) > MAX_WAITING_CHANGES) this.cut('too far behind');
  }

  reset(position: Position): void {
    if (this.waiting) this.waiting = [];
    this.lastSequence = position.sequence;
    const id = idOf(position.incarnation, position.sequence);
    this.write(`id: ${id}\nevent: reset\ndata: {"reason":"changes may be missing"}\n\n`);
  }

  end(why: string): void {
    if (this.closed) return;
    this.options.response.end(`: ${why}\n\n`);
    this.close(why);
  }

  private concerns(change: LiveChange): boolean {
    return change.audience.some((name) => name === this.publicKey || name === this.accountId);
  }

  private send(change: LiveChange): void {
    if (change.sequence <= this.lastSequence) return;
    this.lastSequence = change.sequence;
    const id = idOf(this.options.incarnation(), change.sequence);
    this.write(`id: ${id}\nevent: ${change.event}\ndata: ${change.data}\n\n`);
  }

  private write(text: string): void {
    if (this.closed) return;
    const { response } = this.options;
    response.write(text);
    if (response.writableLength > MAX_WAITING_BYTES) this.cut('does not read');
  }

  private cut(why: string): void {
    this.options.response.destroy();
    this.close(why);
  }

  private close(why: string): void {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.timer);
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
