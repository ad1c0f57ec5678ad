import type { Broker } from './broker.ts';
import { PublishFailedError } from './broker.ts';
import type { Database, OutboxRow } from './database.ts';
import { Future } from './future.ts';
import { MS, type Process, SECOND, until } from './kernel.ts';

/** Defects of the relay that mutants switch on. */
export interface RelayMutations {
  /** Reads on from the highest number that it has seen. */
  readonly naiveCursor: boolean;
  readonly marksBeforePublishing: boolean;
  /** Sees that a stream has lost something only while it is shorter than before. */
  readonly comparesLengthOnly: boolean;
}

const CLAIM = 15 * SECOND;
const POLL = SECOND;
const STREAM_CHECK = 15 * SECOND;
const BATCH = 500;

/** The outbox relay: claim, publish with the row's id, mark; it may crash between any two of them. */
export class Relay {
  private wake = new Future<void>();
  private mustCompare = false;
  /** Of the mutant only: it survives, as a stored cursor would. */
  private cursor = 0;

  constructor(
    private readonly database: Database,
    private readonly broker: Broker,
    private readonly mutations: RelayMutations,
  ) {
    database.onCommitted = () => {
      if (database.unsent.size > 0) this.wake.resolve();
    };
  }

  forget(): void {
    this.wake = new Future();
    this.mustCompare = true;
  }

  compareStreams(): void {
    const { kernel } = this.database;
    kernel.in(kernel.random.int(0, STREAM_CHECK), () => {
      this.mustCompare = true;
      this.wake.resolve();
    });
  }

  *run(): Process {
    const { database } = this;
    for (;;) {
      if (this.mustCompare) {
        this.mustCompare = false;
        yield database.kernel.random.int(500, 3 * MS);
        this.republishLost();
      }
      const moved = yield* this.batch();
      if (moved) continue;
      this.wake = new Future();
      if (database.unsent.size > 0) yield POLL;
      else if (!this.mustCompare) yield* until(this.wake);
    }
  }

  private *batch(): Process<boolean> {
    const { database } = this;
    const { kernel, node } = database;
    const rows = this.due();
    if (rows.length === 0) return false;
    for (const row of rows) row.claimedUntil = kernel.now + CLAIM;
    const witnesses = this.witnesses();
    yield kernel.random.int(300, 2 * MS);
    if (this.mutations.marksBeforePublishing) {
      for (const row of rows) this.mark(row, { stream: 'FACTS', seq: 0 });
      yield kernel.random.int(300, 2 * MS);
    }
    const publishing = rows.map((row) =>
      kernel.spawn(node, `publish ${row.subject}`, this.broker.publish(row.subject, row.id, row.body)),
    );
    const sent: { row: OutboxRow; as: { stream: string; seq: number } }[] = [];
    const failed: OutboxRow[] = [];
    for (const [index, published] of publishing.entries()) {
      const row = rows[index] as OutboxRow;
      try {
        sent.push({ row, as: yield* until(published) });
      } catch (error) {
        if (!(error instanceof PublishFailedError)) throw error;
        failed.push(row);
      }
    }
    yield kernel.random.int(300, 2 * MS);
    // Looked at before the marks: afterwards the new rows would hide that older ones are gone.
    if (!this.mutations.comparesLengthOnly && !this.areThere(witnesses)) this.republishLost();
    for (const { row, as } of sent) this.mark(row, as);
    for (const row of failed) row.claimedUntil = kernel.now + SECOND;
    const [firstFailed] = failed;
    this.cursor = firstFailed ? firstFailed.seq - 1 : (rows.at(-1) as OutboxRow).seq;
    if (firstFailed) this.mustCompare = true;
    return failed.length === 0;
  }

  private due(): OutboxRow[] {
    const { database, mutations } = this;
    const { now } = database.kernel;
    const open = [...database.unsent].filter((row) => row.claimedUntil <= now).sort((a, b) => a.seq - b.seq);
    if (!mutations.naiveCursor) return open.slice(0, BATCH);
    return open.filter((row) => row.seq > this.cursor);
  }

  private mark(row: OutboxRow, as: { stream: string; seq: number }): void {
    const { database } = this;
    row.sentAs = as;
    database.unsent.delete(row);
    const newest = database.newestSent.get(as.stream)?.sentAs;
    if (!newest || newest.seq < as.seq) database.newestSent.set(as.stream, row);
    const known = database.streams.get(as.stream);
    if (known) known.lastSeq = Math.max(known.lastSeq, as.seq);
    else
      database.streams.set(as.stream, { created: this.broker.streamOf(as.stream).created, lastSeq: as.seq });
  }

  /** The newest row of each stream that this service knows it to have. */
  private witnesses(): OutboxRow[] {
    return [...this.database.newestSent.values()];
  }

  private areThere(rows: readonly OutboxRow[]): boolean {
    return rows.every(({ id, sentAs }) => !sentAs || this.broker.idAt(sentAs.stream, sentAs.seq) === id);
  }

  /** Newest first. */
  private sentTo(name: string): OutboxRow[] {
    return this.database.outbox
      .filter((row) => row.sentAs?.stream === name)
      .sort((a, b) => (b.sentAs?.seq ?? 0) - (a.sentAs?.seq ?? 0));
  }

  /** What a stream had acknowledged and does not have any more is sent again. */
  private republishLost(): void {
    const { database, broker } = this;
    for (const [name, known] of database.streams) {
      const { created, lastSeq } = broker.streamOf(name);
      const rows = this.sentTo(name);
      const [newest] = rows;
      if (!newest || (!this.mutations.comparesLengthOnly && this.areThere([newest]))) continue;
      const intactSeq = this.intactSeq(rows, known.lastSeq, lastSeq);
      for (const row of rows) {
        if (!row.sentAs || row.sentAs.seq <= intactSeq) continue;
        row.sentAs = undefined;
        row.claimedUntil = 0;
        database.unsent.add(row);
      }
      database.streams.set(name, { created, lastSeq });
      const stillSent = rows.find(({ sentAs }) => sentAs !== undefined);
      if (stillSent) database.newestSent.set(name, stillSent);
      else database.newestSent.delete(name);
    }
  }

  /** Up to where the stream still has what it acknowledged: a shorter one may have grown again, with other messages. */
  private intactSeq(newestFirst: readonly OutboxRow[], knownSeq: number, lastSeq: number): number {
    if (this.mutations.comparesLengthOnly) return Math.min(knownSeq, lastSeq);
    return newestFirst.find((row) => this.areThere([row]))?.sentAs?.seq ?? 0;
  }
}
