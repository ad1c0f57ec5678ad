import type { DesiredMachine, FoundMachine, MachineMarks } from './machine.ts';
import { type MachineRecord, takesPlace } from './record.ts';

/**
 * What a machine without a contract of the journal is: `unmarked` says nothing of its owner, `foreign` is another
 * agent's, `remains` is what a removal has left or what is damaged, `unwanted` has no contract that lives, `spare` is there beside the contract's machine, and `not-in-journal`
 * is wanted by the platform but not known here.
 */
export type OrphanKind = 'unmarked' | 'foreign' | 'remains' | 'unwanted' | 'spare' | 'not-in-journal';

export interface Orphan {
  readonly externalId: string;
  readonly kind: OrphanKind;
  readonly power: FoundMachine['power'];
  readonly contractId?: string;
  readonly generation?: number;
  readonly environment?: string;
  readonly agent?: string;
  /** Why it cannot be adopted; absent: it can. */
  readonly whyNotAdopt?: string;
  /** Why it is not destroyed; absent: it can be. */
  readonly whyNotDestroy?: string;
}

/** All that is known when machines are judged. */
export interface Knowledge {
  readonly machines: readonly FoundMachine[];
  readonly records: readonly MachineRecord[];
  /** The newest snapshot; undefined when the platform could not be asked. */
  readonly desired: readonly DesiredMachine[] | undefined;
  readonly own: Pick<MachineMarks, 'environment' | 'agent'>;
}

const NOBODY_ASKED = 'the platform cannot be asked what it wants';

/** The machine with this id, or the only one whose id begins with it; all that it may mean when there are more. */
export function machinesNamed<M extends Pick<FoundMachine, 'externalId'>>(
  machines: readonly M[],
  text: string,
): M[] {
  const exact = machines.filter(({ externalId }) => externalId === text);
  if (exact.length > 0 || text === '') return exact;
  return machines.filter(({ externalId }) => externalId.startsWith(text));
}

/** Machines that no contract of the journal stands for. */
export function orphansOf(knowledge: Knowledge): Orphan[] {
  return knowledge.machines.flatMap((machine) => orphanOf(machine, knowledge) ?? []);
}

/** @returns undefined when a contract of the journal stands for the machine */
export function orphanOf(machine: FoundMachine, knowledge: Knowledge): Orphan | undefined {
  const { externalId, marks, power, left, whyLeftAlone } = machine;
  const living = knowledge.records.filter(takesPlace);
  const own = living.find((record) => record.externalId === externalId);
  if (own && (left === undefined || own.phase !== 'removing')) return undefined;
  if (!marks) {
    const whyNotDestroy = whyLeftAlone ?? (knowledge.desired ? undefined : NOBODY_ASKED);
    return {
      externalId,
      kind: left === undefined ? 'unmarked' : 'remains',
      power,
      whyNotAdopt: left ?? 'nothing on it says whose it is',
      ...(whyNotDestroy !== undefined && { whyNotDestroy }),
    };
  }
  const base = { externalId, power, ...marks };
  if (marks.agent !== knowledge.own.agent || marks.environment !== knowledge.own.environment) {
    const whose = `it is marked as of the agent ${marks.agent} in the environment ${marks.environment}`;
    return { ...base, kind: 'foreign', whyNotAdopt: whose, whyNotDestroy: whose };
  }
  if (left !== undefined) {
    const whyNotDestroy = knowledge.desired ? {} : { whyNotDestroy: NOBODY_ASKED };
    return { ...base, kind: 'remains', whyNotAdopt: left, ...whyNotDestroy };
  }
  const record = living.find(({ contractId }) => contractId === marks.contractId);
  // On its way, or a command that goes on after a restart: its machine has no id in the journal yet.
  if (record && record.externalId === undefined) return undefined;
  const { kind, ...verdict } = judge(machine as Marked, record, knowledge);
  return { ...base, kind, ...verdict };
}

type Marked = FoundMachine & { readonly marks: MachineMarks };
type Verdict = Pick<Orphan, 'kind' | 'whyNotAdopt' | 'whyNotDestroy'>;

function judge(machine: Marked, record: MachineRecord | undefined, knowledge: Knowledge): Verdict {
  const { machines, desired } = knowledge;
  const { contractId, generation } = machine.marks;
  const keeper = machines.find(({ externalId }) => externalId === record?.externalId);
  if (keeper) {
    const whyNotAdopt = `its contract has the machine ${keeper.externalId}`;
    return { kind: 'spare', whyNotAdopt, ...(!desired && { whyNotDestroy: NOBODY_ASKED }) };
  }
  if (!desired) return { kind: 'unwanted', whyNotAdopt: NOBODY_ASKED, whyNotDestroy: NOBODY_ASKED };
  const wanted = desired.find((one) => one.contractId === contractId);
  if (!wanted || wanted.desired === 'absent') {
    const whyNotAdopt = wanted
      ? 'the platform wants its contract absent'
      : 'the platform knows no contract of it for this agent';
    return { kind: 'unwanted', whyNotAdopt };
  }
  const whyNotDestroy = `the platform wants its contract ${wanted.desired} (generation ${wanted.generation})`;
  const others = machines.filter(
    ({ externalId, marks, left }) =>
      left === undefined && externalId !== machine.externalId && marks?.contractId === contractId,
  );
  const why = whyNotAdopt(wanted, generation, others);
  return { kind: 'not-in-journal', whyNotDestroy, ...(why !== undefined && { whyNotAdopt: why }) };
}

function whyNotAdopt(
  wanted: DesiredMachine,
  generation: number,
  others: readonly FoundMachine[],
): string | undefined {
  if (wanted.desired !== 'running') return `the platform wants its contract ${wanted.desired}, not running`;
  if (wanted.generation !== generation) {
    return `it is of generation ${generation}, and the platform wants generation ${wanted.generation}`;
  }
  const [other] = others;
  return other && `its contract has another machine too: ${other.externalId}`;
}
