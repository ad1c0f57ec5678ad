import type { Observed } from '../domain/drift.ts';
import type { FoundMachine, MachineMarks } from '../domain/machine.ts';

export type OwnMarks = Pick<MachineMarks, 'environment' | 'agent'>;

/** Machines as they are compared and reported: another's and remains are no contract's machine here. */
export function observedOf(machines: readonly FoundMachine[], own: OwnMarks): Observed[] {
  return machines.map(({ externalId, marks, power, left }) => {
    if (!marks || left !== undefined) return { externalId, power };
    if (marks.agent !== own.agent || marks.environment !== own.environment) {
      return { externalId, power, isForeign: true };
    }
    return { externalId, power, contractId: marks.contractId, generation: marks.generation };
  });
}
