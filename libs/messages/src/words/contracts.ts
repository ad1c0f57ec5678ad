/*
 * The words of rentals that travel, each list once. Lifecycle, texts, command line and OpenAPI page derive from them by
 * `Record<…>`: a new word fails to compile until all of them know it.
 */

/** How a rental can end. */
export const CONTRACT_ENDS = ['rejected', 'cancelled', 'expired', 'provisioningfailed'] as const;
export type ContractEnd = (typeof CONTRACT_ENDS)[number];

export const CONTRACT_STATUSES = [
  'requested',
  'pending',
  'accepted',
  'provisioning',
  'provisioned',
  'active',
  'paused',
  ...CONTRACT_ENDS,
] as const;
export type ContractStatus = (typeof CONTRACT_STATUSES)[number];

/** Is there a machine that the tenant can use? */
export const HAS_MACHINE_IN_USE: Readonly<Record<ContractStatus, boolean>> = {
  requested: false,
  pending: false,
  accepted: false,
  provisioning: false,
  provisioned: true,
  active: true,
  paused: false,
  rejected: false,
  cancelled: false,
  expired: false,
  provisioningfailed: false,
};

/** Who makes a contract move. */
export const ACTORS = ['tenant', 'provider', 'system'] as const;
export type Actor = (typeof ACTORS)[number];

/** What its parties can do to a contract, as far as its state lets them. */
export const CONTRACT_ACTIONS = [
  'accept',
  'reject',
  'cancel',
  'reset-password',
  'rotate-ssh-key',
  'set-when-machine-lost',
] as const;
export type ContractAction = (typeof CONTRACT_ACTIONS)[number];

export const PAYMENT_METHODS = ['wallet', 'test', 'stripe', 'icpay'] as const;
export type PaymentMethod = (typeof PAYMENT_METHODS)[number];

export const PAYMENT_STATUSES = ['pending', 'succeeded', 'refunded', 'failed', 'disputed'] as const;
export type PaymentStatus = (typeof PAYMENT_STATUSES)[number];

/** What a tenant wants to become of a rental whose machine is lost. */
export const WHEN_MACHINE_LOST = ['end', 'make-again'] as const;
export type WhenMachineLost = (typeof WHEN_MACHINE_LOST)[number];

/** What becomes of the machine of a contract that runs; `moved`: it is reached in another way than before. */
export const MACHINE_CHANGES = ['stopped', 'missing', 'lost', 'back', 'made-again', 'moved'] as const;
export type MachineChange = (typeof MACHINE_CHANGES)[number];

/** What a tenant can have done inside of a rented machine. */
export const MACHINE_ACTIONS = ['reset-password', 'rotate-ssh-key'] as const;
export type MachineActionKind = (typeof MACHINE_ACTIONS)[number];

export const ACTION_OUTCOMES = ['done', 'failed'] as const;
export type ActionOutcome = (typeof ACTION_OUTCOMES)[number];

/** What the stages of an operation are called in the events of a contract and live. */
export const ACTION_EVENTS = {
  'reset-password': {
    requested: 'password_reset_requested',
    done: 'password_reset_complete',
    failed: 'password_reset_failed',
  },
  'rotate-ssh-key': {
    requested: 'ssh_key_rotation',
    done: 'ssh_key_rotation_complete',
    failed: 'ssh_key_rotation_failed',
  },
} as const satisfies Record<MachineActionKind, Record<'requested' | ActionOutcome, string>>;

type Stages = typeof ACTION_EVENTS;
export type ActionEvent = { [K in keyof Stages]: Stages[K][keyof Stages[K]] }[keyof Stages];
const actionEvents: readonly ActionEvent[] = Object.values(ACTION_EVENTS).flatMap((stages) =>
  Object.values(stages),
);

/** What happened to a contract, as its list of events names it. */
export const CONTRACT_EVENTS = [
  'status_change',
  'payment_confirmed',
  'provisioned',
  'note',
  'machine_stopped',
  'machine_missing',
  'machine_lost',
  'machine_back',
  'machine_made_again',
  'machine_moved',
  ...actionEvents,
] as const;
export type ContractEventType = (typeof CONTRACT_EVENTS)[number];

/** What live updates of contracts are called; those of operations have the names of their events. */
export const CONTRACT_LIVE_EVENTS = ['contract-status', 'contract-steps', 'contract-machine'] as const;

/** The steps of a rental, and what takes them back. */
export const STEP_NAMES = [
  'hold-stock',
  'request',
  'pay',
  'accept',
  'assign-agent',
  'make-machine',
  'hand-over',
  'restore-machine',
] as const;
export type StepName = (typeof STEP_NAMES)[number];
export const UNDO_NAMES = ['release-stock', 'refund', 'remove-machine'] as const;
export type UndoName = (typeof UNDO_NAMES)[number];
export const STEP_OWNERS = ['platform', 'payments', 'provider', 'agent'] as const;
export type StepOwner = (typeof STEP_OWNERS)[number];

/**
 * A step is `waiting` for those before it, `running`, `done`, `failed` (with the reason) or `skipped`: not needed, or cut
 * off by an end that is no failure. What takes a step back is `undoing`, `undone`, or `skipped` when nothing is to be done.
 */
export const STEP_STATES = ['waiting', 'running', 'done', 'failed', 'skipped', 'undoing', 'undone'] as const;
