import { z } from 'zod';
import { type ActionRecord, type JournalEntry, storedEntry } from './journal-entry.stored.ts';
import type { MachineRecord } from './record.ts';

/** One line: all of it counts or nothing. */
const journalLine = z.array(z.unknown());

export interface StoredEvent {
  readonly eventId: string;
  readonly kind: string;
  readonly seq: number;
  readonly text: string;
  readonly sent: boolean;
}

const KEEP_GONE_NS = 7n * 86_400_000_000_000n;

/** Everything that the journal says, folded. */
export class AgentState {
  readonly machines = new Map<string, MachineRecord>();
  readonly events = new Map<string, StoredEvent>();
  readonly operations = new Map<string, ActionRecord>();
  seqUpTo = 0;
  snapshot: { readonly atNs: string; readonly version: string } | undefined;

  /** @throws when a line is not understood */
  static of(lines: readonly unknown[]): AgentState {
    const state = new AgentState();
    for (const line of lines) for (const one of journalLine.parse(line)) state.apply(storedEntry.read(one));
    return state;
  }

  apply(one: JournalEntry): void {
    switch (one.t) {
      case 'machine':
        this.machines.set(one.record.contractId, one.record);
        break;
      case 'event': {
        const { eventId, kind, seq: number, text } = one;
        this.events.set(eventId, { eventId, kind, seq: number, text, sent: one.sent === true });
        this.seqUpTo = Math.max(this.seqUpTo, number);
        break;
      }
      case 'sent':
        this.markSent(one.eventId);
        break;
      case 'seq':
        this.seqUpTo = Math.max(this.seqUpTo, one.upTo);
        break;
      case 'operation':
        this.operations.set(one.record.operationId, one.record);
        break;
      case 'snapshot':
        this.snapshot = { atNs: one.atNs, version: one.version };
        break;
    }
  }

  /** Events that the broker has not confirmed, in their order. */
  pending(): StoredEvent[] {
    return [...this.events.values()].filter((one) => !one.sent).sort((left, right) => left.seq - right.seq);
  }

  /** The same state in as few lines as possible; machines that are long gone are forgotten. */
  compacted(nowNs: bigint): JournalEntry[][] {
    for (const [contractId, record] of this.machines) {
      const isOld = BigInt(record.changedAtNs) < nowNs - KEEP_GONE_NS;
      if (isOld && (record.phase === 'gone' || record.phase === 'failed')) this.machines.delete(contractId);
    }
    for (const { operationId, atNs } of [...this.operations.values()]) {
      if (BigInt(atNs) < nowNs - KEEP_GONE_NS) this.operations.delete(operationId);
    }
    const results = this.results();
    for (const { eventId, sent: isSent } of [...this.events.values()]) {
      if (isSent && !results.has(eventId)) this.events.delete(eventId);
    }
    return [
      [{ t: 'seq', upTo: this.seqUpTo }],
      ...(this.snapshot ? [[{ t: 'snapshot' as const, ...this.snapshot }]] : []),
      ...[...this.machines.values()].map((record) => [{ t: 'machine' as const, record }]),
      ...[...this.operations.values()].map((record) => [{ t: 'operation' as const, record }]),
      ...[...this.events.values()].map((one) => [{ t: 'event' as const, ...one }]),
    ];
  }

  private results(): Set<string> {
    return new Set([
      ...[...this.machines.values()].flatMap(({ resultEventId }) => resultEventId ?? []),
      ...[...this.operations.values()].map(({ resultEventId }) => resultEventId),
    ]);
  }

  private markSent(eventId: string): void {
    const known = this.events.get(eventId);
    if (known) this.events.set(eventId, { ...known, sent: true });
  }
}
