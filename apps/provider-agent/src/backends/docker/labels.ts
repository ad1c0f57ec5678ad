import type { ContainerInfo, ContainerInspectInfo } from 'dockerode';
import type { FoundMachine, MachineMarks } from '../../domain/machine.ts';
import { machineName } from '../../domain/machine.ts';

/** On everything that any version of the agent has ever made. */
export const OURS = 'dc-agent=true';
export const PORT_LABEL = 'dc-port';
const OLD_NAME = /^dc-[0-9a-f]{64}$/;

export function labelsFor(marks: MachineMarks, port: number): Record<string, string> {
  return {
    'dc-agent': 'true',
    'dc-contract-id': marks.contractId,
    'dc-env': marks.environment,
    'dc-agent-key': marks.agent,
    'dc-gen': String(marks.generation),
    [PORT_LABEL]: String(port),
  };
}

export function ofContract(contractId: string): string[] {
  return [OURS, `dc-contract-id=${contractId}`];
}

/**
 * Whose machine it is. Labels never change, so a machine that was taken over by a newer generation has that generation in
 * its name.
 */
export function marksOf(labels: Readonly<Record<string, string>>, name: string): MachineMarks | undefined {
  const { 'dc-contract-id': contractId, 'dc-env': environment, 'dc-agent-key': agent } = labels;
  const made = Number(labels['dc-gen']);
  if (!contractId || !environment || !agent || !Number.isSafeInteger(made) || made < 1) return undefined;
  const stem = machineName(contractId, 0).slice(0, -1);
  const named = name.startsWith(stem) ? Number(name.slice(stem.length)) : made;
  return {
    contractId,
    environment,
    agent,
    generation: Number.isSafeInteger(named) && named > made ? named : made,
  };
}

type Labels = Readonly<Record<string, string>>;
type Owner = Pick<MachineMarks, 'environment' | 'agent'>;

const isOwn = (labels: Labels, { environment, agent }: Owner): boolean =>
  labels['dc-env'] === environment && labels['dc-agent-key'] === agent;

const isNobodys = (labels: Labels): boolean =>
  labels['dc-env'] === undefined && labels['dc-agent-key'] === undefined;

/** May this agent change and remove it? Its own, and what old versions made, which do not say whose it is. */
export function isTouchable(labels: Labels, own: Owner): boolean {
  const isOld = isNobodys(labels) && labels['dc-contract-id'] !== undefined;
  return labels['dc-agent'] === 'true' && (isOwn(labels, own) || isOld);
}

/**
 * Of the containers with the label of this program: machines of this agent, with those of old versions, and all others, of
 * which most are another agent's on the same engine.
 */
export function machinesAmong(
  containers: readonly ContainerInfo[],
  own: Owner,
): { readonly ours: FoundMachine[]; readonly others: FoundMachine[] } {
  const ours: FoundMachine[] = [];
  const others: FoundMachine[] = [];
  for (const container of containers) {
    const labels = container.Labels;
    const machine = foundMachine(container);
    const isOldMachine = isNobodys(labels) && OLD_NAME.test(nameOf(container));
    if (isOwn(labels, own) || isOldMachine) ours.push(machine);
    else if (isTouchable(labels, own)) others.push(machine);
    else others.push({ ...machine, whyLeftAlone: 'its labels do not say that this agent has made it' });
  }
  return { ours, others };
}

export function nameOf({ Names }: ContainerInfo): string {
  return (Names[0] ?? '').replace(/^\//, '');
}

export function foundMachine(container: ContainerInfo): FoundMachine {
  const marks = marksOf(container.Labels, nameOf(container));
  return { externalId: container.Id, power: powerOf(container.State), ...(marks && { marks }) };
}

function powerOf(state: string): FoundMachine['power'] {
  if (state === 'running') return 'running';
  return ['exited', 'created', 'dead', 'paused'].includes(state) ? 'stopped' : 'unknown';
}

/** The port of the host that is the machine's own for its whole life, whether it runs or not. */
export function portOf({ Config }: ContainerInspectInfo): number | undefined {
  const port = Number(Config.Labels[PORT_LABEL]);
  return Number.isInteger(port) && port > 0 ? port : undefined;
}
