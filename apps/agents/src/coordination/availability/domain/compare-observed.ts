import { secondsToNs } from '@decent-cloud/kernel';
import type { MachineState } from '../../assignment/domain/decide-event.ts';
import { type NextStanding, type Seen, type Standing, standingAfter } from './availability.ts';

export interface ObservedMachine {
  readonly contractId?: string | undefined;
  readonly generation?: number | undefined;
  readonly power: 'running' | 'stopped' | 'unknown';
}
export interface KnownMachine extends Standing {
  readonly contractId: string;
  readonly generation: number;
  readonly desired: 'running' | 'absent';
  readonly state: MachineState;
  readonly settledAtNs: bigint | null;
  readonly absentSinceNs: bigint | null;
  /** While it polled; now that it is connected it may not know the machine as this contract's. */
  readonly madeByPolling: boolean;
}
export interface Comparison {
  /** Shall be absent and is there. */
  readonly toRemove: readonly KnownMachine[];
  /** Shall be absent and is not there. */
  readonly gone: readonly KnownMachine[];
  /** Shall run, and stands otherwise than before. */
  readonly standing: readonly { readonly machine: KnownMachine; readonly next: NextStanding }[];
  /** There without a command: counted, never touched. */
  readonly unknown: number;
}
/** After so long a machine that is not there is lost. */
export interface Patience {
  readonly lostAfterNs: bigint;
  /** The same when none of several machines is there. */
  readonly allLostAfterNs: bigint;
}

/** An observation may have been made just before a command that it does not show yet. */
const MARGIN_NS = secondsToNs(30);

/**
 * What an observation of an agent says about the machines that it has or had commands for.
 * @param atNs when the observation was made
 */
export function compareObserved(
  observed: readonly ObservedMachine[],
  known: readonly KnownMachine[],
  atNs: bigint,
  patience: Patience,
): Comparison {
  const keyOf = ({ contractId, generation }: Pick<ObservedMachine, 'contractId' | 'generation'>) =>
    `${contractId}:${generation}`;
  const there = new Map(observed.map((machine) => [keyOf(machine), machine.power]));
  const ordered = new Set(known.map(keyOf));
  const settledBefore = (since: bigint | null) => since !== null && atNs - since > MARGIN_NS;
  const isThere = (machine: KnownMachine) => there.has(keyOf(machine));
  // An agent that has worked on a newer generation takes no command about an older one any more, whatever became of it.
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
  const isAll = toRun.length > 1 && !toRun.some(isThere);
  const lostAfterNs = isAll ? patience.allLostAfterNs : patience.lostAfterNs;
  return {
    toRemove: toBeAbsent.filter(isThere),
    // What was never made may still be made by a command on its way: there only the agent's own word counts.
    gone: toBeAbsent.filter(
      (machine) =>
        !isThere(machine) &&
        machine.state !== 'gone' &&
        !machine.madeByPolling &&
        (machine.state === 'provisioned' || machine.state === 'failed' || isSuperseded(machine)) &&
        settledBefore(machine.absentSinceNs),
    ),
    standing: toRun.flatMap((machine) => {
      const seen: Seen = there.get(keyOf(machine)) ?? 'absent';
      if (seen === 'absent' && !settledBefore(machine.settledAtNs)) return [];
      const next = standingAfter(machine, seen, atNs, lostAfterNs);
      const isSame = next.availability === machine.availability && next.lostAtNs === machine.lostAtNs;
      return isSame ? [] : [{ machine, next }];
    }),
    unknown: observed.filter((machine) => !ordered.has(keyOf(machine))).length,
  };
}
