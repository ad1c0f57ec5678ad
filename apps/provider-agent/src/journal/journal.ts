import { type Clock, crash } from '@decent-cloud/kernel';
import { AgentState } from '../domain/agent-state.ts';
import { type JournalEntry, storedEntry } from '../domain/journal-entry.stored.ts';
import { type Disk, HostDisk } from './disk.ts';
import { JournalFile } from './journal-file.ts';

const SEQ_BLOCK = 1_000;
const COMPACT_FROM_LINES = 2_000;

/** The agent's memory: first on the disk, then in effect. */
export class Journal {
  readonly state: AgentState;
  private readonly file: JournalFile;
  private readonly now: Clock;
  private nextSeqNumber: number;
  private reservedUpTo: number;
  private compacting = false;

  private constructor(file: JournalFile, state: AgentState, now: Clock) {
    this.file = file;
    this.state = state;
    this.now = now;
    this.nextSeqNumber = state.seqUpTo + 1;
    this.reservedUpTo = state.seqUpTo;
  }

  /** @throws when the file is damaged or not a journal of this program */
  static open(path: string, now: Clock): Promise<Journal> {
    return Journal.on(new HostDisk(path), now);
  }

  /** @throws like `open` */
  static async on(disk: Disk, now: Clock): Promise<Journal> {
    const file = new JournalFile(disk);
    const journal = new Journal(file, AgentState.of(await file.open()), now);
    if (file.lines > 0) await journal.compact();
    return journal;
  }

  /** Told once when it cannot be written any more: nothing may be promised then until the program has started again. */
  onBroken(listener: (error: unknown) => void): void {
    this.file.onBroken = listener;
  }

  /** All of the entries or none survive a crash. */
  async write(entries: readonly JournalEntry[]): Promise<void> {
    crash.points?.pass(pointOf(entries, 'before'));
    await this.file.append(keep(entries), () => {
      for (const one of entries) this.state.apply(one);
    });
    crash.points?.pass(pointOf(entries, 'after'));
    if (this.file.lines > COMPACT_FROM_LINES && this.file.lines > 4 * this.usefulLines())
      await this.compact();
  }

  /** A number that no event of this agent has had. */
  async nextSeq(): Promise<number> {
    const number = this.nextSeqNumber++;
    if (number > this.reservedUpTo) {
      this.reservedUpTo = number + SEQ_BLOCK;
      await this.write([{ t: 'seq', upTo: this.reservedUpTo }]);
    }
    return number;
  }

  close(): Promise<void> {
    return this.file.close();
  }

  private usefulLines(): number {
    const { machines, events, operations } = this.state;
    return machines.size + events.size + operations.size + 2;
  }

  private async compact(): Promise<void> {
    if (this.compacting) return;
    this.compacting = true;
    try {
      await this.file.rewrite(() => this.state.compacted(this.now()).map(keep));
    } finally {
      this.compacting = false;
    }
  }
}

const keep = (entries: readonly JournalEntry[]): readonly object[] =>
  entries.map((entry) => storedEntry.keep(entry));

function pointOf([first]: readonly JournalEntry[], place: string): string {
  const what = first?.t === 'machine' ? first.record.phase : first?.t;
  return `provider-agent:journal:${what}:${place}`;
}
