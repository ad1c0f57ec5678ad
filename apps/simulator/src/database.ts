import { parseExactJson } from '@decent-cloud/kernel';
import { type FactDeclaration, facts } from '@decent-cloud/messages';
import { ENQUEUE, RECEIVE } from '@decent-cloud/outbox';
import type { Sql, Statement } from '@decent-cloud/postgres';
import type { z } from 'zod';
import type { Faults } from './faults.ts';
import { type Kernel, MS, type Node, type Us } from './kernel.ts';

/** The database could not be reached, or its answer got lost: what was asked may have happened. As pg says it. */
export class DatabaseAwayError extends Error {
  override readonly name = 'DatabaseAwayError';
  readonly code = 'ECONNRESET';
}

/** As pg says it. */
export class UniqueViolation extends Error {
  override readonly name = 'UniqueViolation';
  readonly code = '23505';

  constructor(readonly constraint: string) {
    super(`the row is there already: ${constraint}`);
  }
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

  /** What is read outside of a transaction takes some time. */
  read(): Promise<void> {
    return this.sleep(200, 2 * MS);
  }

  /** One statement that is committed with nothing else. @throws DatabaseAwayError before or after it took effect */
  async statement<T>(work: () => T): Promise<T> {
    const { faults, node } = this;
    await this.read();
    if (faults.hits('database-away', node.name)) throw new DatabaseAwayError(`${node.name}'s database`);
    const result = work();
    await this.sleep(100, 500);
    if (faults.hits('commit-answer-lost', node.name)) {
      throw new DatabaseAwayError(`${node.name}'s database after a statement`);
    }
    return result;
  }

  /**
   * All that the body does happens at one moment: it may wait for nothing but what is done with the transaction.
   * @throws DatabaseAwayError before or after it took effect; whatever the body throws, with nothing changed
   */
  async transaction<T>(body: (tx: Transaction) => T | Promise<T>): Promise<T> {
    const { faults, node } = this;
    await this.sleep(100, 600);
    if (faults.hits('database-away', node.name)) throw new DatabaseAwayError(`${node.name}'s database`);
    // Numbers are drawn when a transaction writes, and seen when it commits: later ones may be seen earlier.
    let seq = this.nextSeq;
    const seqEnd = seq + SEQS_TAKEN_AT_START;
    this.nextSeq = seqEnd;
    const isSlow = faults.hits('slow-transaction', node.name);
    await (isSlow ? this.sleep(5 * MS, 400 * MS) : this.sleep(200, 3 * MS));
    const tx = this.begin();
    const result = await this.work(tx, body);
    // A mutant: the messages are written after the change they tell of.
    if (this.mutations.outboxApart) await this.sleep(200, 3 * MS);
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
    await this.sleep(100, 500);
    if (faults.hits('commit-answer-lost', node.name)) {
      throw new DatabaseAwayError(`${node.name}'s database after the commit`);
    }
    return result;
  }

  private async work<T>(tx: Transaction, body: (tx: Transaction) => T | Promise<T>): Promise<T> {
    const { node } = this;
    if (node.isInTransaction) throw new Error(`${node.name} has a transaction open at an earlier moment`);
    node.isInTransaction = true;
    try {
      return await body(tx);
    } catch (error) {
      tx.undo();
      throw error;
    } finally {
      node.isInTransaction = false;
    }
  }

  private sleep(fromUs: Us, toUs: Us): Promise<void> {
    return this.kernel.sleep(this.node, this.kernel.random.int(fromUs, toUs));
  }
}

/** Changes that can be taken back until the commit. Of statements it knows those of inbox and outbox; all others are of stores. */
export class Transaction implements Sql {
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

  async query<Row extends object>(statement: Statement, values: readonly unknown[] = []): Promise<Row[]> {
    if (statement === RECEIVE)
      return (this.receiveOnce(...(values as [string, string])) ? [{}] : []) as Row[];
    if (statement !== ENQUEUE) throw new Error(`a statement outside of the stores: ${String(statement)}`);
    const [ids = [], subjects = [], payloads = []] = values as string[][];
    for (const [index, id] of ids.entries()) {
      const subject = subjects[index] as string;
      this.enqueue({ id, subject, body: parsePayload(subject, payloads[index] as string) });
    }
    return [];
  }

  /** The relay is woken by every commit. */
  signal(): void {
    // Nobody else waits for it.
  }

  undo(): void {
    for (const undo of this.undoes.reverse()) undo();
  }
}

/** The transaction that a store is given as its `sql`. */
export function transactionOf(sql: Sql): Transaction {
  if (sql instanceof Transaction) return sql;
  throw new Error('this store writes in transactions only');
}

const declared = new Map<string, FactDeclaration>();
for (const fact of Object.values(facts)) if (isFact(fact)) declared.set(fact.subject, fact);

function isFact(exported: unknown): exported is FactDeclaration {
  return typeof exported === 'object' && exported !== null && 'subject' in exported && 'payload' in exported;
}

function parsePayload(subject: string, text: string): unknown {
  const body = parseExactJson(text);
  const declaration = declared.get(subject);
  return declaration ? (declaration.payload as unknown as z.ZodType).parse(body) : body;
}
