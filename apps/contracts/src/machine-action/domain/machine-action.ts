import { Refusal } from '@decent-cloud/kernel';
import type { FactPayload, facts } from '@decent-cloud/messages';
import { ACTION_EVENTS, type ActionOutcome, type MachineActionKind } from '@decent-cloud/messages/words';
import type { Change, Contract } from '../../contract/domain/contract.ts';
import { hasMachineInUse, isFinal } from '../../contract/domain/status.ts';

/** Something that the tenant asked for inside of the machine, as it is kept. */
export interface MachineAction {
  readonly actionId: string;
  readonly contractId: string;
  readonly kind: MachineActionKind;
  readonly sshPublicKey: string | null;
  readonly encryptionPublicKeys: readonly string[];
  readonly requestedAtNs: bigint;
  readonly outcome: ActionOutcome | null;
}

/** What is known of the other actions of the same kind. */
export interface Siblings {
  /** A younger one is done already. */
  readonly youngerDone: boolean;
  /** A younger one has been asked for. */
  readonly youngerRequested: boolean;
}

export const RESETS_AN_HOUR = 5;

const WORDS: Readonly<Record<MachineActionKind, string>> = {
  'reset-password': 'The password can be reset',
  'rotate-ssh-key': 'The SSH key can be changed',
};

/**
 * Asks for something inside of the machine.
 * @param recently how many of its kind were asked for within the last hour
 * @throws Refusal
 */
export function requestAction(
  contract: Contract,
  kind: MachineActionKind,
  recently: number,
  nowNs: bigint,
): Change {
  assertRuns(contract, kind);
  if (kind === 'reset-password' && recently >= RESETS_AN_HOUR) {
    throw new Refusal(
      'LIMIT',
      'RATE_LIMITED',
      `The password of a machine can be reset at most ${RESETS_AN_HOUR} times an hour. Try again later`,
    );
  }
  return {
    set: sinceOf(kind, nowNs),
    events: [{ eventType: ACTION_EVENTS[kind].requested, actor: 'tenant' }],
  };
}

/** @throws Refusal CONFLICT when there is no machine that the tenant uses */
export function assertRuns({ status }: Contract, kind: MachineActionKind): void {
  if (hasMachineInUse(status)) return;
  throw new Refusal(
    'CONFLICT',
    'TRANSITION_NOT_ALLOWED',
    `${WORDS[kind]} while the machine is provisioned or active; the contract is ${status}`,
  );
}

type Finished = FactPayload<typeof facts.machineOperationFinished>;

/** Is this news about the action? What was done after all counts even when it had been given up. */
export const isNews = ({ outcome }: MachineAction, finished: Finished): boolean =>
  outcome === null || (outcome === 'failed' && finished.outcome === 'done');

/** What the end of an action changes; nothing any more on a contract that has ended, or on another machine. */
export function actionFinished(
  contract: Contract,
  action: MachineAction,
  finished: Finished,
  siblings: Siblings,
): Change | undefined {
  if (isFinal(contract.status) || finished.generation < contract.machineGeneration) return undefined;
  const { kind } = action;
  const waiting = siblings.youngerRequested ? {} : sinceOf(kind, null);
  if (finished.outcome === 'failed') {
    const details = detailsOf(finished);
    return {
      set: waiting,
      events: [{ eventType: ACTION_EVENTS[kind].failed, actor: 'system', ...(details && { details }) }],
    };
  }
  const done = { eventType: ACTION_EVENTS[kind].done, actor: 'provider' } as const;
  if (siblings.youngerDone) return { set: waiting, events: [done] };
  return {
    set: { ...waiting, ...newKeyOf(contract, action) },
    events: [done],
    credentials: finished.credentials.filter((sealed) =>
      action.encryptionPublicKeys.includes(sealed.recipientPublicKey),
    ),
  };
}

/** Why it failed, in one line; nothing when it did not. */
export const detailsOf = ({ failure }: Finished): string | undefined =>
  failure && `${failure.code}: ${failure.message}`;

const SINCE = {
  'reset-password': 'passwordResetRequestedAtNs',
  'rotate-ssh-key': 'sshKeyRotationRequestedAtNs',
} as const satisfies Record<MachineActionKind, keyof Contract>;

const sinceOf = (kind: MachineActionKind, atNs: bigint | null): NonNullable<Change['set']> => ({
  [SINCE[kind]]: atNs,
});

/** A machine that is made anew must let the new key in as well. */
function newKeyOf(contract: Contract, { sshPublicKey }: MachineAction) {
  if (sshPublicKey === null) return {};
  return {
    tenantSshPublicKey: sshPublicKey,
    machineSpec: { ...contract.machineSpec, sshPublicKeys: [sshPublicKey] },
  };
}
