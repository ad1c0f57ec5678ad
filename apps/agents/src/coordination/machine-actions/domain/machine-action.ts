import type { facts } from '@decent-cloud/messages';
import type { FailureCode, MachineActionKind } from '@decent-cloud/messages/words';

export type MachineActionState = 'pending' | 'done' | 'failed';

/** Something that a tenant wants done inside of a machine. */
export interface MachineAction {
  readonly actionId: string;
  readonly contractId: string;
  /** Of the machine that it is for; 0 when there was none. */
  readonly generation: number;
  readonly kind: MachineActionKind;
  readonly sshPublicKey: string | null;
  readonly encryptionPublicKeys: readonly string[];
  readonly state: MachineActionState;
  readonly requestedAtNs: bigint;
  readonly deadlineNs: bigint;
  readonly commandsGiven: number;
  readonly nextCommandAtNs: bigint | null;
  readonly failureCode: string | null;
}

export type SealedCredential = facts.SealedCredential;

export type ActionResult =
  | { readonly outcome: 'done'; readonly credentials?: readonly SealedCredential[] }
  | { readonly outcome: 'failed'; readonly code: string; readonly message: string };

/** Why an action was given up here; other codes come from agents. */
export const GIVEN_UP = {
  NO_ANSWER: 'the agent has not answered in time',
  NOT_RUNNING: 'there is no machine that runs',
  CONTRACT_ENDED: 'the contract has ended',
  SUPERSEDED: 'a younger request of the same kind has taken its place',
} as const satisfies Partial<Record<FailureCode, string>>;
export type GivenUp = keyof typeof GIVEN_UP;

export const givenUp = (code: GivenUp): ActionResult => ({
  outcome: 'failed',
  code,
  message: GIVEN_UP[code],
});

/** What is due for a pending operation. */
export function dueStep(
  { deadlineNs, nextCommandAtNs }: Pick<MachineAction, 'deadlineNs' | 'nextCommandAtNs'>,
  now: bigint,
): 'give-up' | 'command' | 'nothing' {
  if (now >= deadlineNs) return 'give-up';
  return nextCommandAtNs !== null && nextCommandAtNs <= now ? 'command' : 'nothing';
}

/**
 * May this result be noted? The first one counts, with one exception: what an agent has done after all counts even when
 * nobody waited for it any longer.
 */
export function takesResult(
  { state, failureCode }: Pick<MachineAction, 'state' | 'failureCode'>,
  { outcome }: ActionResult,
): boolean {
  return state === 'pending' || (failureCode === 'NO_ANSWER' && outcome === 'done');
}
