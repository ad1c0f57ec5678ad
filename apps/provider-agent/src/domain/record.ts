/**
 * What the agent knows of one contract's machine. Phases: `creating` is an intent (the machine may or may not be there),
 * `removing` a command to destroy that was checked and goes on after a restart.
 */
export type Phase = 'creating' | 'running' | 'stopped' | 'failed' | 'removing' | 'gone';

export interface MachineRecord {
  readonly contractId: string;
  readonly generation: number;
  readonly phase: Phase;
  /** Decimal nanoseconds, as everything in the journal that may pass 2^53. */
  readonly changedAtNs: string;
  readonly endsAtNs?: string | undefined;
  readonly externalId?: string | undefined;
  /** The command that the result answers. */
  readonly commandId?: string | undefined;
  /** The event that tells how it ended: sent again when the command comes again. */
  readonly resultEventId?: string | undefined;
}

/** Does the machine take one of the agent's places? */
export function takesPlace(record: MachineRecord): boolean {
  return record.phase !== 'gone' && record.phase !== 'failed';
}
