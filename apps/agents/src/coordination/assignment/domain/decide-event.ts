import type { AgentEvent } from '@decent-cloud/messages';
import type { Attempt } from './attempt.ts';
import { type NextStep, stepAfterFailure } from './retry-policy.ts';

export type MachineState = 'offered' | 'claimed' | 'provisioned' | 'failed' | 'gone';
export type AssignmentState = 'waiting' | 'offered' | 'claimed' | 'provisioned' | 'failed' | 'ended';

export interface MachineView {
  readonly generation: number;
  readonly desired: 'running' | 'absent';
  readonly state: MachineState;
}
export interface AssignmentView {
  readonly generation: number;
  readonly state: AssignmentState;
}

/** What an event of the agent that has the machine leads to. */
export type Effect =
  | { readonly kind: 'start' }
  | { readonly kind: 'accept'; readonly startedBefore: boolean }
  | { readonly kind: 'fail'; readonly step: NextStep }
  /** It is to be absent, and is not (yet): say so again. */
  | { readonly kind: 'command-removal' }
  | { readonly kind: 'confirm-gone' }
  | { readonly kind: 'publish-lost' }
  /** It tells of what went on inside of the machine. */
  | { readonly kind: 'pass-on' }
  /** It was made or taken over once more: perhaps it is reached in another way now. */
  | { readonly kind: 'renew' };

/** What an agent says about what went on inside of a machine. */
export type InsideEvent = Extract<
  AgentEvent,
  { kind: 'operation-done' | 'operation-failed' | 'script-done' }
>;
export type MachineEvent = Exclude<AgentEvent, { kind: 'observed' }>;

/** Is this the attempt that counts: not replaced by a newer one, not ended? */
export const counts = (
  machine: Pick<MachineView, 'generation' | 'desired'>,
  assignment: Pick<AssignmentView, 'generation'>,
): boolean => machine.desired === 'running' && machine.generation === assignment.generation;

/**
 * The one place where events are held against generation and end. Absent beats running: nothing that an agent says about
 * a machine that shall not exist brings it back or is told on, and an attempt that has been replaced (an older generation)
 * is always to be absent.
 */
export function decideOnEvent(
  event: MachineEvent,
  machine: MachineView,
  assignment: AssignmentView,
  attempts: readonly Attempt[],
): readonly Effect[] {
  const isWanted = counts(machine, assignment);
  const isBeingMade = machine.state === 'offered' || machine.state === 'claimed';
  switch (event.kind) {
    case 'progress':
      return isWanted && machine.state === 'offered' ? [{ kind: 'start' }] : [];
    case 'claimed':
      if (!isWanted) return stillThere(machine);
      return machine.state === 'offered' ? [{ kind: 'start' }] : [];
    case 'provisioned':
      if (!isWanted) return stillThere(machine);
      if (machine.state === 'provisioned') return [{ kind: 'renew' }];
      return isBeingMade ? [{ kind: 'accept', startedBefore: machine.state === 'claimed' }] : [];
    case 'failed': {
      if (!isWanted) return [];
      if (!isBeingMade) return [];
      const failed: Attempt = {
        agentPublicKey: event.agentPublicKey,
        outcome: event.payload.class,
        settledAtNs: null,
      };
      const step = stepAfterFailure(event.payload.class, event.agentPublicKey, [...attempts, failed]);
      return [{ kind: 'fail', step }];
    }
    case 'terminated':
      if (machine.desired === 'absent') return machine.state === 'gone' ? [] : [{ kind: 'confirm-gone' }];
      return machine.state === 'provisioned' ? [{ kind: 'publish-lost' }] : [];
    case 'script-done':
    case 'operation-done':
    case 'operation-failed':
      return isWanted ? [{ kind: 'pass-on' }] : [];
  }
}

/** Also when it had been confirmed as gone: then it has come back. */
const stillThere = (machine: MachineView): readonly Effect[] =>
  machine.desired === 'absent' ? [{ kind: 'command-removal' }] : [];
