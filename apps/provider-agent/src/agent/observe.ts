import type { FoundMachine, MachineMarks } from '../backends/backend.ts';
import type { Observed } from '../domain/drift.ts';

export type OwnMarks = Pick<MachineMarks, 'environment' | 'agent'>;

/** Machines as they are compared and reported: what is marked as another's is nobody's contract here. */
export function observedOf(machines: readonly FoundMachine[], own: OwnMarks): Observed[] {
  return machines.map(({ externalId, marks, power }) => {
    if (!marks) return { externalId, power };
    if (marks.agent !== own.agent || marks.environment !== own.environment) {
      return { externalId, power, isForeign: true };
    }
    return { externalId, power, contractId: marks.contractId, generation: marks.generation };
  });
}
