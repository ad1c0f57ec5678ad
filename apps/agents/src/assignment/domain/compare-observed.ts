import { secondsToNs } from '@decent-cloud/kernel';
import type { MachineState } from './decide-event.ts';

export interface ObservedMachine {
  readonly contractId?: string | undefined;
  readonly generation?: number | undefined;
}
export interface KnownMachine {
  readonly contractId: string;
  readonly generation: number;
  readonly desired: 'running' | 'absent';
  readonly state: MachineState;
  readonly settledAtNs: bigint | null;
  readonly absentSinceNs: bigint | null;
  readonly lostAtNs: bigint | null;
  /** While it polled; now that it is connected it may not know the machine as this contract's. */
  readonly madeByPolling: boolean;
}
export interface Comparison {
  /** Shall be absent and is there. */
  readonly toRemove: readonly KnownMachine[];
  /** Shall be absent and is not there. */
  readonly gone: readonly KnownMachine[];
  /** Shall run and is not there. */
  readonly lost: readonly KnownMachine[];
  /** Was lost and is there again. */
  readonly found: readonly KnownMachine[];
  /** There without an order: counted, never touched. */
  readonly unknown: number;
}

/** A report may have been made just before a command that it does not show yet. */
const MARGIN_NS = secondsToNs(30);

/**
 * What a full report of an agent says about the machines that it has or had orders for.
 * @param atNs when the report was made
 */
export function compareObserved(
  observed: readonly ObservedMachine[],
  known: readonly KnownMachine[],
  atNs: bigint,
): Comparison {
  const keyOf = ({ contractId, generation }: ObservedMachine) => `${contractId}:${generation}`;
  const there = new Set(observed.map(keyOf));
  const ordered = new Set(known.map(keyOf));
  const settledBefore = (since: bigint | null) => since !== null && atNs - since > MARGIN_NS;
  const isThere = (machine: KnownMachine) => there.has(keyOf(machine));
  // An agent that has worked on a newer generation takes no order about an older one any more, whatever became of it.
  const isSuperseded = (machine: KnownMachine) =>
    known.some(
      (other) =>
        other.contractId === machine.contractId &&
        other.generation > machine.generation &&
        other.state !== 'offered',
    );
  const toBeAbsent = known.filter(({ desired }) => desired === 'absent');
  const toRun = known.filter(
    ({ desired, state, madeByPolling }) => desired === 'running' && state === 'provisioned' && !madeByPolling,
  );
  return {
    toRemove: toBeAbsent.filter(isThere),
    // What was never made may still be made by an order on its way: there only the agent's own word counts.
    gone: toBeAbsent.filter(
      (machine) =>
        !isThere(machine) &&
        machine.state !== 'gone' &&
        !machine.madeByPolling &&
        (machine.state === 'provisioned' || machine.state === 'failed' || isSuperseded(machine)) &&
        settledBefore(machine.absentSinceNs),
    ),
    lost: toRun.filter(
      (machine) => !isThere(machine) && machine.lostAtNs === null && settledBefore(machine.settledAtNs),
    ),
    found: toRun.filter((machine) => isThere(machine) && machine.lostAtNs !== null),
    unknown: observed.filter((machine) => !ordered.has(keyOf(machine))).length,
  };
}
