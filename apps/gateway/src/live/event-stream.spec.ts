import { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { jest } from '@jest/globals';
import type { KeyOwners } from '../auth/key-owners.ts';
import { EventStream } from './event-stream.ts';
import type { ParsedFact, Position } from './fact-reader.ts';
import type { LiveChange } from './live-facts.ts';
import { LiveHub } from './live-hub.ts';
import { type StreamLimits, StreamPlaces } from './stream-limits.ts';

const INCARNATION = 'abc';
const KEY = 'a'.repeat(64);
const KIB = 1024;

/** A connection whose client reads only when it is told to. */
class Connection extends Writable {
  readonly blocks: string[] = [];
  /** Sequences of the changes that came. */
  readonly changes: number[] = [];
  lastId = -1;
  mostWaiting = 0;
  /** How many writes the client will take. */
  budget = Number.POSITIVE_INFINITY;
  private held: (() => void) | undefined;

  constructor() {
    super({ highWaterMark: 64 * KIB });
  }

  override write(chunk: never): boolean {
    const goesOn = super.write(chunk);
    this.mostWaiting = Math.max(this.mostWaiting, this.writableLength);
    return goesOn;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const block = chunk.toString();
    this.blocks.push(block);
    const id = /^id: (\d+)-abc$/m.exec(block)?.[1];
    if (id !== undefined) this.lastId = Number(id);
    if (block.includes('\nevent: change\n')) this.changes.push(this.lastId);
    // As with sockets: done is never at once.
    this.held = done;
    if (this.budget-- > 0) globalThis.setImmediate(() => this.release());
  }

  read(writes = Number.POSITIVE_INFINITY): void {
    this.budget = writes;
    this.release();
  }

  private release(): void {
    const { held } = this;
    this.held = undefined;
    held?.();
  }
}

describe('one client of the live updates', () => {
  let position: Position;
  let past: LiveChange[];
  let pages: number;
  let gone: boolean;
  let connection: Connection;
  let ends: string[];
  let stream: EventStream;

  const change = (sequence: number, audience = KEY, bytes = KIB): LiveChange => ({
    sequence,
    event: 'change',
    data: JSON.stringify('x'.repeat(bytes)),
    audience: [audience],
  });
  const happen = (count: number, audience = KEY): void => {
    for (let index = 0; index < count; index++) {
      const next = change(position.sequence + 1, audience);
      past.push(next);
      position = { ...position, sequence: next.sequence };
      stream?.take(next);
    }
  };
  const open = (): void => {
    connection = new Connection();
    stream = new EventStream({
      response: connection as never,
      publicKey: KEY,
      accountId: undefined,
      address: '203.0.113.7',
      position: () => position,
      pageAfter: async (sequence) => {
        pages++;
        if (gone) return undefined;
        const changes = past.filter((change) => change.sequence > sequence).slice(0, 200);
        return { changes, upTo: changes.at(-1)?.sequence ?? position.sequence };
      },
      keepAliveMs: 1_000_000,
      random: () => 0.5,
      onClose: (_stream, why) => ends.push(why),
    });
  };
  const sequences = (): readonly number[] => connection.changes;
  const until = async (holds: () => boolean): Promise<void> => {
    for (let turns = 0; turns < 100_000 && !holds(); turns++) await setImmediate();
    expect(holds()).toBe(true);
  };
  const range = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => from + index);

  beforeEach(() => {
    position = { incarnation: INCARNATION, sequence: 0 };
    [past, ends, pages, gone] = [[], [], 0, false];
    stream = undefined as never;
  });
  afterEach(() => stream.end('the spec is over'));

  it('gets a gap of 20,000 changes whole, while more come, and never has much waiting for it', async () => {
    happen(20_000);
    open();
    stream.open(0);
    await until(() => sequences().length > 300);
    happen(50);
    await until(() => sequences().length >= 20_050);
    happen(1);
    await until(() => sequences().length >= 20_051);
    expect(sequences()).toEqual(range(1, 20_051));
    expect(connection.mostWaiting).toBeLessThan(66 * KIB);
    expect(ends).toEqual([]);
  }, 30_000);

  it('comes back where it stopped reading, not where it came from', async () => {
    happen(500);
    open();
    connection.budget = 200;
    stream.open(0);
    await until(() => connection.budget < 0 && connection.writableNeedDrain);
    connection.destroy();
    await until(() => ends.length === 1);
    const first = [...sequences()];
    const last = first.at(-1) ?? 0;
    expect([first.length, last]).toEqual([200, 200]);
    open();
    stream.open(last);
    await until(() => sequences().length >= 500 - last);
    expect([...first, ...sequences()]).toEqual(range(1, 500));
  });

  it('that does not read for a while gets what it missed afterwards, from the past', async () => {
    open();
    stream.open(0);
    connection.budget = 0;
    happen(5_000);
    expect(connection.mostWaiting).toBeLessThan(66 * KIB);
    connection.read();
    await until(() => sequences().length >= 5_000);
    happen(1);
    await until(() => sequences().length >= 5_001);
    expect(sequences()).toEqual(range(1, 5_001));
    expect(ends).toEqual([]);
  });

  it('is told where it stands when nothing of a page concerns it', async () => {
    happen(1_000, 'b'.repeat(64));
    open();
    stream.open(0);
    await until(() => connection.lastId === 1_000);
    expect(sequences()).toEqual([]);
    expect(connection.blocks).toHaveLength(6);
  });

  it('is reset when the past cannot be had, and goes on', async () => {
    happen(10);
    gone = true;
    open();
    stream.open(3);
    await until(() => connection.blocks.some((block) => block.includes('event: reset\n')));
    happen(1);
    await until(() => sequences().length > 0);
    expect([sequences(), pages]).toEqual([[11], 1]);
  });

  it('obeys a reset that comes while it catches up', async () => {
    happen(1_000);
    open();
    connection.budget = 0;
    stream.open(0);
    await until(() => connection.writableNeedDrain);
    const before = sequences().length;
    [position, past] = [{ incarnation: INCARNATION, sequence: 2_000 }, []];
    stream.reset(position);
    connection.read();
    await until(() => connection.lastId === 2_000);
    happen(1);
    await until(() => sequences().at(-1) === 2_001);
    // What had been written before was on its way already.
    expect(sequences().filter((sequence) => sequence > 80)).toEqual([2_001]);
    expect(before).toBeLessThan(80);
  });

  it('is cut off when it takes nothing for four keep-alives, and not sooner', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    try {
      open();
      stream.open(0);
      connection.budget = 0;
      happen(100);
      jest.advanceTimersByTime(3_000_000);
      expect(ends).toEqual([]);
      jest.advanceTimersByTime(1_000_000);
      expect(ends).toEqual(['does not read']);
      expect(connection.destroyed).toBe(true);
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('the hub', () => {
  const LIMITS: StreamLimits = {
    max: 5,
    perKey: 5,
    perAddress: 5,
    withoutAccount: { max: 5, perKey: 5, perAddress: 5 },
  };

  it('gives what it keeps in pages that say up to where nothing is missing', () => {
    const hub = new LiveHub({ forgetAll: () => undefined } as KeyOwners, new StreamPlaces(LIMITS));
    expect(hub.pageAfter(0)).toBeUndefined();
    hub.opened({ incarnation: INCARNATION, sequence: 100 }, false);
    const fact = (shown: boolean): ParsedFact =>
      ({
        declaration: {
          subject: 'evt.x',
          live: () => (shown ? { event: 'e', data: 1 } : undefined),
          audience: () => [KEY],
        },
        payload: {},
      }) as never;
    for (let sequence = 101; sequence <= 1_300; sequence++) hub.take(fact(sequence % 2 === 0), sequence);
    expect(hub.pageAfter(99)).toBeUndefined();
    const first = hub.pageAfter(100);
    expect([first?.changes[0]?.sequence, first?.changes.length, first?.upTo]).toEqual([102, 500, 1_100]);
    const second = hub.pageAfter(first?.upTo ?? 0);
    expect([second?.changes[0]?.sequence, second?.changes.length, second?.upTo]).toEqual([1_102, 100, 1_300]);
    hub.take(fact(false), 1_301);
    expect(hub.pageAfter(1_300)).toEqual({ changes: [], upTo: 1_301 });
  });
});
