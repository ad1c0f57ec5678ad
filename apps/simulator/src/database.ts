import type { FactDeclaration } from '@decent-cloud/messages';
import type { z } from 'zod';
import type { Faults } from './faults.ts';
import { type Kernel, MS, type Node, type Process, type Us } from './kernel.ts';

/** The database could not be reached, or its answer got lost: what was asked may have happened. */
export class DatabaseAwayError extends Error {
  override readonly name = 'DatabaseAwayError';
}

export class Table<K, V> {
  readonly rows = new Map<K, V>();

  get(key: K): V | undefined {
    return this.rows.get(key);
  }

  values(): MapIterator<V> {
    return this.rows.values();
  }
}

export interface OutboxRow {
  readonly id: string;
  readonly seq: number;
  readonly subject: string;
  readonly body: unknown;
  sentAs: { readonly stream: string; readonly seq: number } | undefined;
  claimedUntil: Us;
}

interface Outgoing {
  readonly id: string;
  readonly subject: string;
  readonly body: unknown;
}

export interface Said {
  readonly declaration: FactDeclaration;
  readonly payload: unknown;
}

/** What the recorder outside hears of committed effects. */
export interface Recorder {
  effect(consumer: string, messageId: string): void;
  said(subject: string): void;
  /** Something happened that proves what the simulation has been through. */
  seen(what: string): void;
}

/** Defects of the storage that mutants switch on. */
export interface StorageMutations {
  readonly missingInbox: boolean;
  readonly outboxApart: boolean;
}

const SEQS_TAKEN_AT_START = 4;

/** One service's database: rows, outbox and inbox commit together or not at all; it survives its service's crashes. */
export class Database {
  readonly outbox: OutboxRow[] = [];
  readonly unsent = new Set<OutboxRow>();
  readonly inbox = new Set<string>();
  readonly keys = new Map<string, { readonly operationId: string; answer?: unknown; claimedUntil: Us }>();
  /** What the relay had acknowledged of each stream. */
  readonly streams = new Map<string, { created: number; lastSeq: number }>();
  /** The row of the highest number that each stream has given. */
  readonly newestSent = new Map<string, OutboxRow>();
  onCommitted: () => void = () => undefined;
  private nextSeq = 1;

  constructor(
    readonly kernel: Kernel,
    readonly faults: Faults,
    readonly node: Node,
    readonly recorder: Recorder,
    private readonly mutations: StorageMutations,
  ) {}

  begin(): Transaction {
    const { kernel, node, inbox } = this;
    const newId = () => kernel.random.uuid();
    return new Transaction(kernel.nowOf(node), newId, inbox, this.mutations.missingInbox);
  }

  /** @throws DatabaseAwayError before or after it took effect; whatever the body throws, with nothing changed */
  *transaction<T>(body: (tx: Transaction) => T): Process<T> {
    const { kernel, faults, node } = this;
    const { random } = kernel;
    yield random.int(100, 600);
    if (faults.hits('database-away', node.name)) throw new DatabaseAwayError(`${node.name}'s database`);
    // Numbers are drawn when a transaction writes, and seen when it commits: later ones may be seen earlier.
    let seq = this.nextSeq;
    const seqEnd = seq + SEQS_TAKEN_AT_START;
    this.nextSeq = seqEnd;
    yield faults.hits('slow-transaction', node.name) ? random.int(5 * MS, 400 * MS) : random.int(200, 3 * MS);
    const tx = this.begin();
    let result: T;
    try {
      result = body(tx);
    } catch (error) {
      tx.undo();
      throw error;
    }
    // A mutant: the messages are written after the change they tell of.
    if (this.mutations.outboxApart) yield random.int(200, 3 * MS);
    for (const { id, subject, body: message } of tx.outgoing) {
      const row: OutboxRow = {
        id,
        seq: seq < seqEnd ? seq++ : this.nextSeq++,
        subject,
        body: message,
        sentAs: undefined,
        claimedUntil: 0,
      };
      this.outbox.push(row);
      this.unsent.add(row);
      this.recorder.said(subject);
    }
    for (const { consumer, messageId } of tx.received) this.recorder.effect(consumer, messageId);
    this.onCommitted();
    yield random.int(100, 500);
    if (faults.hits('commit-answer-lost', node.name)) {
      throw new DatabaseAwayError(`${node.name}'s database after the commit`);
    }
    return result;
  }
}

/** Changes that can be taken back until the commit. */
export class Transaction {
  readonly outgoing: Outgoing[] = [];
  readonly received: { readonly consumer: string; readonly messageId: string }[] = [];
  private readonly undoes: (() => void)[] = [];

  constructor(
    readonly now: bigint,
    private readonly newId: () => string,
    private readonly inbox: Set<string>,
    private readonly missingInbox: boolean,
  ) {}

  put<K, V>(table: Table<K, V>, key: K, row: V): void {
    const { rows } = table;
    const before = rows.get(key);
    const had = rows.has(key);
    this.undoes.push(() => (had ? rows.set(key, before as V) : rows.delete(key)));
    rows.set(key, row);
  }

  delete<K, V>(table: Table<K, V>, key: K): void {
    const { rows } = table;
    if (!rows.has(key)) return;
    const before = rows.get(key) as V;
    this.undoes.push(() => rows.set(key, before));
    rows.delete(key);
  }

  /** False: this consumer has had the effect of this message. */
  receiveOnce(consumer: string, messageId: string): boolean {
    const key = `${consumer} ${messageId}`;
    if (this.inbox.has(key) && !this.missingInbox) return false;
    this.inbox.add(key);
    this.undoes.push(() => this.inbox.delete(key));
    this.received.push({ consumer, messageId });
    return true;
  }

  /** Checked against its declaration, as the real outbox does. */
  say({ declaration, payload }: Said): void {
    const body = (declaration.payload as unknown as z.ZodType).parse(payload);
    this.outgoing.push({ id: this.newId(), subject: declaration.subject, body });
  }

  enqueue(message: Outgoing): void {
    this.outgoing.push(message);
  }

  undo(): void {
    for (const undo of this.undoes.reverse()) undo();
  }
}
