import { decide, mayTouch } from './decide.ts';
import type { DesiredMachine, FoundMachine } from './machine.ts';
import { type Knowledge, orphanOf } from './orphans.ts';
import type { MachineRecord } from './record.ts';

/** What reconciling would do about one contract or machine. */
export interface PlanStep {
  readonly act: 'create' | 'take-over' | 'remove' | 'stop' | 'resume' | 'none' | 'refuse' | 'leave';
  readonly why: string;
  readonly contractId?: string;
  readonly generation?: number;
  readonly wanted?: DesiredMachine['desired'];
  readonly externalId?: string;
}

export interface Situation extends Knowledge {
  readonly desired: readonly DesiredMachine[];
  readonly nowNs: bigint;
}

/** The same decisions as reconciling takes, without carrying anything out. */
export function planOf(situation: Situation): PlanStep[] {
  const { desired, machines, records } = situation;
  const steps = desired.map((wanted) => stepFor(wanted, situation));
  const named = new Set(desired.map(({ contractId }) => contractId));
  for (const machine of machines) {
    if (machine.marks && named.has(machine.marks.contractId)) continue;
    const orphan = orphanOf(machine, situation);
    const record = records.find(({ externalId }) => externalId === machine.externalId);
    steps.push({
      act: 'leave',
      externalId: machine.externalId,
      ...(record && { contractId: record.contractId, generation: record.generation }),
      why: orphan
        ? (orphan.whyNotAdopt as string)
        : 'the platform does not name it: nothing is removed for that',
    });
  }
  return steps;
}

function stepFor(wanted: DesiredMachine, situation: Situation): PlanStep {
  const { contractId, generation, desired } = wanted;
  const { machines, records, own, nowNs } = situation;
  const record = records.find((one) => one.contractId === contractId);
  const found = machineOf(wanted, record, machines);
  const step = (act: PlanStep['act'], why: string): PlanStep => ({
    act,
    why,
    contractId,
    generation,
    wanted: desired,
    ...(found && { externalId: found.externalId }),
  });
  const decision = decide(wanted, record, nowNs);
  const verdict = mayTouch(found?.marks, { generation, ...own });
  if ((decision.act === 'create' || decision.act === 'remove') && verdict !== 'yes') {
    return step(
      'refuse',
      `the machine is of ${verdict === 'newer' ? 'a newer generation' : 'another agent or environment'}`,
    );
  }
  switch (decision.act) {
    case 'create':
      if (found && found.left === undefined) return step('take-over', 'its machine is there already');
      return nowNs > BigInt(wanted.deadlineNs)
        ? step('refuse', 'it is not there, and the time to make it is over')
        : step('create', 'it is not there');
    case 'remove':
      return found ? step('remove', 'its end was ordered') : step('none', 'it is gone already: said again');
    case 'stop':
      return step('stop', 'it runs and is wanted stopped');
    case 'resume':
      return step('resume', 'it is stopped and is wanted running');
    case 'repeat-result':
      if (record?.phase === 'running' && found?.power === 'stopped')
        return step('resume', 'it was stopped and is wanted running');
      return step('none', repeated(record, found));
    case 'nothing':
      return step('none', REASONS[decision.why]);
  }
}

const REASONS = {
  stale: 'the command is of an old generation',
  removed: 'it is being removed or was',
  unknown: 'there is nothing that could be stopped',
  over: 'its paid time is over',
  'as-wanted': 'it is as wanted',
} as const;

function repeated(record: MachineRecord | undefined, found: FoundMachine | undefined): string {
  if (record?.phase === 'failed') return 'it has failed, which is said again';
  if (!found && record?.phase === 'running')
    return 'it is missing, which is reported: making another is for the platform to order';
  if (found && found.power !== 'running' && record?.phase === 'running')
    return 'it is out of service, which is reported';
  return 'it is as wanted';
}

/** The contract's machine, as the journal names it or as its marks do. */
function machineOf(
  { contractId }: DesiredMachine,
  record: MachineRecord | undefined,
  machines: readonly FoundMachine[],
): FoundMachine | undefined {
  const candidates = machines.filter(
    ({ marks, externalId }) => marks?.contractId === contractId || externalId === record?.externalId,
  );
  const living = candidates.filter(({ left }) => left === undefined);
  return living.find(({ marks }) => marks?.contractId === contractId) ?? living[0] ?? candidates[0];
}
