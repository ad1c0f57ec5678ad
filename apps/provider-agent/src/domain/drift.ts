import type { DesiredMachine } from './machine.ts';

export interface Observed {
  readonly externalId: string;
  readonly contractId?: string | undefined;
  readonly generation?: number | undefined;
  readonly power: 'running' | 'stopped' | 'unknown';
  /** Marked as another agent's or another environment's. */
  readonly isForeign?: boolean;
}

export interface Drift {
  readonly contractId?: string;
  readonly externalId?: string;
  readonly what:
    | 'missing'
    | 'not-running'
    | 'not-stopped'
    | 'not-removed'
    | 'other-generation'
    | 'unwanted'
    | 'foreign';
}

/** How many of each kind there are. */
export interface DriftCounts {
  readonly missing: number;
  readonly unexpected: number;
  readonly wrongPower: number;
  readonly foreign: number;
}

const KINDS: Readonly<Record<Drift['what'], keyof DriftCounts>> = {
  missing: 'missing',
  'not-running': 'wrongPower',
  'not-stopped': 'wrongPower',
  'not-removed': 'unexpected',
  'other-generation': 'unexpected',
  unwanted: 'unexpected',
  foreign: 'foreign',
};

export function countDrift(drift: readonly Drift[]): DriftCounts {
  const counts = { missing: 0, unexpected: 0, wrongPower: 0, foreign: 0 };
  for (const { what } of drift) counts[KINDS[what]]++;
  return counts;
}

/** Where the real machines differ from what the platform wants. Nothing here is acted upon. */
export function driftOf(
  desired: readonly Pick<DesiredMachine, 'contractId' | 'generation' | 'desired'>[],
  observed: readonly Observed[],
): Drift[] {
  const byContract = new Map(observed.map((machine) => [machine.contractId, machine]));
  const wanted = new Set(desired.map((machine) => machine.contractId));
  const drift: Drift[] = [];
  for (const { contractId, generation, desired: state } of desired) {
    const machine = byContract.get(contractId);
    const externalId = machine?.externalId;
    const note = (what: Drift['what']) =>
      drift.push({ contractId, what, ...(externalId === undefined ? {} : { externalId }) });
    if (!machine) {
      if (state !== 'absent') note('missing');
    } else if (state === 'absent') note('not-removed');
    else if (machine.generation !== generation) note('other-generation');
    else if (state === 'running' && machine.power !== 'running') note('not-running');
    else if (state === 'stopped' && machine.power === 'running') note('not-stopped');
  }
  for (const { externalId, contractId, isForeign } of observed) {
    if (contractId !== undefined && wanted.has(contractId)) continue;
    const what = isForeign ? 'foreign' : 'unwanted';
    drift.push({ externalId, what, ...(contractId === undefined ? {} : { contractId }) });
  }
  return drift;
}
