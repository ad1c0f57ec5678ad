import type { Clock } from '@decent-cloud/kernel';
import type { Ambient } from '../ambient.ts';
import type { Backend } from '../backends/backend.ts';
import type { JournalEntry } from '../domain/journal-entry.stored.ts';
import type { DesiredMachine, MachineMarks } from '../domain/machine.ts';
import type { MachineRecord } from '../domain/record.ts';
import type { Journal } from '../journal/journal.ts';
import type { Logger } from '../log.ts';
import type { EventOutbox } from './event-outbox.ts';
import type { sealFor } from './seal.ts';

export interface WorkerOptions {
  readonly backend: Backend;
  readonly journal: Journal;
  readonly outbox: EventOutbox;
  readonly logger: Logger;
  /** The platform's time. */
  readonly now: Clock;
  readonly marks: Pick<MachineMarks, 'environment' | 'agent'>;
  readonly maxParallelProvisions: number;
  /** Ports that the contracts of this agent are reached at, by contract. */
  readonly portsInUse: () => ReadonlyMap<string, number>;
  readonly ambient?: Ambient;
  /** Seals a machine's credentials for its tenant. */
  readonly seal?: typeof sealFor;
}

export interface Command {
  readonly machine: DesiredMachine;
  readonly commandId?: string | undefined;
  /** Whether what was said already is said again. */
  readonly repeatResult: boolean;
}

/** Everything that the steps of the work need. */
export interface WorkerContext extends WorkerOptions {
  readonly stopping: AbortSignal;
  record(contractId: string): MachineRecord | undefined;
  write(record: Omit<MachineRecord, 'changedAtNs'>, ...more: JournalEntry[]): Promise<void>;
}
