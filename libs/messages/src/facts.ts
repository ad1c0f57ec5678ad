import { z } from 'zod';
import { fact } from './fact.ts';
import { rentalStepsMembers } from './rental-steps.ts';
import { contractIdHex, idHex, int32, int64, publicKeyHex } from './schema.ts';

/**
 * Everything that services tell each other without being asked. Sender: the second word of the subject.
 * Facts may arrive twice and out of order: those about one thing carry its `version`.
 */

const KEY_A = '03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8';
const KEY_B = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
const CONTRACT = '5887946279a88a3b2556db6933faddb6ad6d865d52009d19fcdcb998312c8841';
const ACCOUNT_A = '6e5dbd89f8f145f0945b316f5d1d4a03';
const ACCOUNT_B = 'c6fa341f99634d12ae3e94f7e4348ed1';
const AT = 1_795_414_881_239_669_000n;

// ---- accounts ----------------------------------------------------------------------------------

export const accountRegistered = fact({
  subject: 'evt.accounts.v1.account-registered',
  payload: z.object({
    accountId: idHex(),
    username: z.string(),
    publicKey: publicKeyHex(),
    /** Absent for accounts that a rental created by itself. */
    email: z.string().optional(),
    atNs: int64(),
  }),
  sample: { accountId: ACCOUNT_A, username: 'alice', publicKey: KEY_A, email: 'alice@example.com', atNs: AT },
});

export const keyAdded = fact({
  subject: 'evt.accounts.v1.key-added',
  payload: z.object({ accountId: idHex(), publicKey: publicKeyHex(), atNs: int64() }),
  audience: (key) => [key.accountId],
  live: (key) => ({ event: 'key-added', data: { publicKey: key.publicKey } }),
  sample: { accountId: ACCOUNT_A, publicKey: KEY_A, atNs: AT },
});

export const keyDisabled = fact({
  subject: 'evt.accounts.v1.key-disabled',
  payload: z.object({ accountId: idHex(), publicKey: publicKeyHex(), atNs: int64() }),
  audience: (key) => [key.accountId],
  live: (key) => ({ event: 'key-disabled', data: { publicKey: key.publicKey } }),
  sample: { accountId: ACCOUNT_A, publicKey: KEY_A, atNs: AT },
});

// ---- contracts ---------------------------------------------------------------------------------

const parties = {
  requesterPublicKey: publicKeyHex(),
  requesterAccountId: idHex(),
  providerPublicKey: publicKeyHex(),
  /** Absent when the provider's key belongs to no account. */
  providerAccountId: idHex().optional(),
};
const partiesSample = {
  requesterPublicKey: KEY_A,
  requesterAccountId: ACCOUNT_A,
  providerPublicKey: KEY_B,
  providerAccountId: ACCOUNT_B,
};
const bothParties = (contract: z.output<z.ZodObject<typeof parties>>): string[] =>
  [
    contract.requesterPublicKey,
    contract.requesterAccountId,
    contract.providerPublicKey,
    contract.providerAccountId,
  ].filter((party) => party !== undefined);

/** Every change of a contract's status, its creation (`from` absent) included. */
export const contractStatusChanged = fact({
  subject: 'evt.contracts.v1.contract-status-changed',
  payload: z.object({
    contractId: contractIdHex(),
    version: int32(1),
    from: z.string().optional(),
    to: z.string(),
    actor: z.enum(['tenant', 'provider', 'system']),
    /** A reason of the catalogue, where there is one. */
    reason: z.string().optional(),
    memo: z.string().optional(),
    offeringName: z.string(),
    paymentAmountE9s: int64(),
    currency: z.string(),
    durationHours: int32(1),
    atNs: int64(),
    ...parties,
  }),
  audience: bothParties,
  live: (change) => ({
    event: 'contract-status',
    data: {
      contract_id: change.contractId,
      status: change.to,
      updated_at_ns: change.atNs,
      reason: change.reason,
    },
  }),
  sample: {
    contractId: CONTRACT,
    version: 2,
    from: 'requested',
    to: 'accepted',
    actor: 'system',
    offeringName: 'Small VPS',
    paymentAmountE9s: 13_888_888n,
    currency: 'USD',
    durationHours: 1,
    atNs: AT,
    ...partiesSample,
  },
});

/** How far a rental is, step by step: said once by every change after which people see something else. */
export const contractStepsChanged = fact({
  subject: 'evt.contracts.v1.contract-steps-changed',
  payload: z.object({
    contractId: contractIdHex(),
    status: z.string(),
    atNs: int64(),
    steps: rentalStepsMembers.steps,
    ...parties,
  }),
  audience: bothParties,
  live: (change) => ({
    event: 'contract-steps',
    data: {
      contract_id: change.contractId,
      status: change.status,
      as_of_ns: change.atNs,
      steps: change.steps,
    },
  }),
  sample: {
    contractId: CONTRACT,
    status: 'requested',
    atNs: AT,
    steps: [
      {
        name: 'hold-stock',
        owner: 'platform',
        state: 'done',
        startedAtNs: AT,
        finishedAtNs: AT,
        expectedSeconds: 1,
        actualSeconds: 0,
        text: 'One unit is held.',
      },
    ],
    ...partiesSample,
  },
});

/** What a machine must be. Sizes come from the offering as it was when rented. */
export const machineSpec = z.object({
  offeringId: z.string(),
  cpuCores: int32(1).optional(),
  memoryMb: int32(1).optional(),
  storageGb: int32(1).optional(),
  operatingSystem: z.string().optional(),
  sshPublicKeys: z.array(z.string()).min(1).max(20),
  provisionerType: z.string().optional(),
  provisionerConfig: z.string().optional(),
  postProvisionScript: z.string().optional(),
});

/** Paid and accepted: somebody has to make this machine. */
export const contractAccepted = fact({
  subject: 'evt.contracts.v1.contract-accepted',
  payload: z.object({
    contractId: contractIdHex(),
    version: int32(1),
    ...parties,
    /** Explicit pool of the offering, else the pool for this country. */
    agentPoolId: z.string().optional(),
    datacenterCountry: z.string(),
    durationHours: int32(1),
    spec: machineSpec,
    /** Active keys of the tenant's account: one sealed credential each. */
    encryptionPublicKeys: z.array(publicKeyHex()).min(1).max(20),
    /** Past this time the contract will have failed: do not start. */
    deadlineNs: int64(),
    atNs: int64(),
  }),
  sample: {
    contractId: CONTRACT,
    version: 2,
    ...partiesSample,
    datacenterCountry: 'DE',
    durationHours: 1,
    spec: { offeringId: 'small-vps', cpuCores: 1, memoryMb: 1024, sshPublicKeys: ['ssh-ed25519 AAAA'] },
    encryptionPublicKeys: [KEY_A],
    deadlineNs: AT,
    atNs: AT,
  },
});

/** Over for good. Money, stock and machine follow from this one fact. */
export const contractEnded = fact({
  subject: 'evt.contracts.v1.contract-ended',
  payload: z.object({
    contractId: contractIdHex(),
    version: int32(1),
    status: z.enum(['rejected', 'cancelled', 'expired', 'provisioningfailed']),
    reason: z.string().optional(),
    ...parties,
    holdId: z.uuid(),
    offeringDbId: int64(1n),
    paymentMethod: z.string(),
    /** What was charged; 0 when nothing was. */
    paidE9s: int64(0n),
    /** paid = refund + earned. */
    refundE9s: int64(0n),
    earnedE9s: int64(0n),
    currency: z.string(),
    atNs: int64(),
  }),
  sample: {
    contractId: CONTRACT,
    version: 5,
    status: 'cancelled',
    ...partiesSample,
    holdId: '0190a5b0-7c1d-7e3a-8f00-000000000001',
    offeringDbId: 1n,
    paymentMethod: 'wallet',
    paidE9s: 13_888_888n,
    refundE9s: 13_000_000n,
    earnedE9s: 888_888n,
    currency: 'USD',
    atNs: AT,
  },
});

/** What a tenant can have done inside of a rented machine. */
export const machineOperationKind = z.enum(['reset-password', 'rotate-ssh-key']);
export type MachineOperationKind = z.output<typeof machineOperationKind>;

const operation = {
  operationId: z.uuid(),
  contractId: contractIdHex(),
  kind: machineOperationKind,
  atNs: int64(),
};
const operationSample = {
  operationId: '0190a5b0-7c1d-7e3a-8f00-000000000002',
  contractId: CONTRACT,
  kind: 'rotate-ssh-key',
  atNs: AT,
} as const;
/** What the stages of an operation are called in the events of a contract and live. */
export const OPERATION_EVENTS = {
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
} as const satisfies Record<MachineOperationKind, Record<'requested' | 'done' | 'failed', string>>;

/** The tenant wants something done inside of the machine that runs. */
export const machineOperationRequested = fact({
  subject: 'evt.contracts.v1.machine-operation-requested',
  payload: z.object({
    ...operation,
    ...parties,
    /** The one key that is to be let in from then on; with rotations. */
    sshPublicKey: z.string().max(16_384).optional(),
    /** Active keys of the tenant's account: one sealed credential each; with resets. */
    encryptionPublicKeys: z.array(publicKeyHex()).max(20),
  }),
  audience: bothParties,
  live: (wanted) => ({
    event: OPERATION_EVENTS[wanted.kind].requested,
    data: { contract_id: wanted.contractId, operation_id: wanted.operationId, updated_at_ns: wanted.atNs },
  }),
  sample: {
    ...operationSample,
    ...partiesSample,
    sshPublicKey: 'ssh-ed25519 AAAA',
    encryptionPublicKeys: [],
  },
});

/** How such an operation has ended, once the contract knows it. */
export const machineOperationRecorded = fact({
  subject: 'evt.contracts.v1.machine-operation-recorded',
  payload: z.object({
    ...operation,
    ...parties,
    outcome: z.enum(['done', 'failed']),
    /** Why it failed, for people. */
    details: z.string().optional(),
  }),
  audience: bothParties,
  live: (ended) => ({
    event: OPERATION_EVENTS[ended.kind][ended.outcome],
    data: {
      contract_id: ended.contractId,
      operation_id: ended.operationId,
      details: ended.details,
      updated_at_ns: ended.atNs,
    },
  }),
  sample: { ...operationSample, ...partiesSample, outcome: 'done' },
});

/** Until when a machine is paid for: said when it is handed over, and again whenever that changes. */
export const paidTimeChanged = fact({
  subject: 'evt.contracts.v1.paid-time-changed',
  payload: z.object({
    contractId: contractIdHex(),
    version: int32(1),
    endsAtNs: int64(),
    atNs: int64(),
  }),
  sample: { contractId: CONTRACT, version: 4, endsAtNs: AT, atNs: AT },
});

// ---- offerings ---------------------------------------------------------------------------------

/** The unit of an ended contract is for rent again. */
export const stockReleased = fact({
  subject: 'evt.offerings.v1.stock-released',
  payload: z.object({ contractId: contractIdHex(), holdId: z.uuid(), atNs: int64() }),
  sample: { contractId: CONTRACT, holdId: '0190a5b0-7c1d-7e3a-8f00-000000000001', atNs: AT },
});

// ---- payments ----------------------------------------------------------------------------------

export const rentalCharged = fact({
  subject: 'evt.payments.v1.rental-charged',
  payload: z.object({
    contractId: contractIdHex(),
    accountId: idHex(),
    amountE9s: int64(0n),
    currency: z.string(),
    atNs: int64(),
  }),
  sample: { contractId: CONTRACT, accountId: ACCOUNT_A, amountE9s: 13_888_888n, currency: 'USD', atNs: AT },
});

export const refundIssued = fact({
  subject: 'evt.payments.v1.refund-issued',
  payload: z.object({
    contractId: contractIdHex(),
    accountId: idHex(),
    amountE9s: int64(1n),
    currency: z.string(),
    atNs: int64(),
  }),
  audience: (refund) => [refund.accountId],
  live: (refund) => ({
    event: 'refund-issued',
    data: { contract_id: refund.contractId, amount_e9s: refund.amountE9s, currency: refund.currency },
  }),
  sample: { contractId: CONTRACT, accountId: ACCOUNT_A, amountE9s: 13_000_000n, currency: 'USD', atNs: AT },
});

export const walletChanged = fact({
  subject: 'evt.payments.v1.wallet-changed',
  payload: z.object({
    accountId: idHex(),
    entryType: z.enum(['topup', 'rental_debit', 'rental_refund', 'adjustment']),
    amountE9s: int64(),
    balanceE9s: int64(0n),
    currency: z.string(),
    reference: z.string().optional(),
    atNs: int64(),
  }),
  audience: (change) => [change.accountId],
  live: (change) => ({
    event: 'wallet-changed',
    data: { entryType: change.entryType, amountE9s: change.amountE9s, balanceE9s: change.balanceE9s },
  }),
  sample: {
    accountId: ACCOUNT_A,
    entryType: 'topup',
    amountE9s: 10_000_000_000n,
    balanceE9s: 10_000_000_000n,
    currency: 'USD',
    atNs: AT,
  },
});

// ---- agents ------------------------------------------------------------------------------------

const machine = {
  contractId: contractIdHex(),
  /** The fence: raised on every re-assignment; an older generation changes nothing. */
  generation: int32(1),
  agentPublicKey: publicKeyHex(),
  atNs: int64(),
};
const machineSample = { contractId: CONTRACT, generation: 1, agentPublicKey: KEY_B, atNs: AT };

/** An agent was given the job; the generation counts the attempts. */
export const machineAssigned = fact({
  subject: 'evt.agents.v1.machine-assigned',
  payload: z.object(machine),
  sample: machineSample,
});

/** An agent has taken the job and begins. */
export const provisioningStarted = fact({
  subject: 'evt.agents.v1.provisioning-started',
  payload: z.object(machine),
  sample: machineSample,
});

/** How to reach a machine. No secret is in here. */
export const machineInstance = z.object({
  externalId: z.string().max(256),
  provisionerType: z.string().max(64),
  publicIp: z.string().max(64).optional(),
  ipAddress: z.string().max(64).optional(),
  ipv6Address: z.string().max(64).optional(),
  sshPort: int32(1, 65_535),
  sshUser: z.string().max(64),
  /** `ssh-ed25519 AAAA…`, as the agent saw it. */
  sshHostKey: z.string().max(16_384).optional(),
  additionalDetails: z.string().max(4_096).optional(),
  gatewaySlug: z.string().max(64).optional(),
  gatewaySubdomain: z.string().max(255).optional(),
  gatewaySshPort: int32(1, 65_535).optional(),
  gatewayPortRangeStart: int32(1, 65_535).optional(),
  gatewayPortRangeEnd: int32(1, 65_535).optional(),
});

export const sealedCredential = z.object({
  recipientPublicKey: publicKeyHex(),
  /** Envelope JSON text, version 2, bound to the contract. */
  envelope: z.string().max(8_192),
});
export type SealedCredential = z.output<typeof sealedCredential>;

export const machineProvisioned = fact({
  subject: 'evt.agents.v1.machine-provisioned',
  payload: z.object({
    ...machine,
    instance: machineInstance,
    credentials: z.array(sealedCredential).max(20),
  }),
  sample: {
    ...machineSample,
    instance: {
      externalId: 'dc-1',
      provisionerType: 'local',
      publicIp: '127.0.0.1',
      sshPort: 2222,
      sshUser: 'root',
    },
    credentials: [{ recipientPublicKey: KEY_A, envelope: '{"version":2}' }],
  },
});

export const provisioningFailed = fact({
  subject: 'evt.agents.v1.provisioning-failed',
  payload: z.object({
    contractId: contractIdHex(),
    generation: int32(1),
    agentPublicKey: publicKeyHex().optional(),
    reason: z.enum(['NO_AGENT_AVAILABLE', 'PROVISIONING_FAILED', 'PROVISIONING_TIMEOUT']),
    message: z.string().max(2_000),
    atNs: int64(),
  }),
  sample: { ...machineSample, reason: 'PROVISIONING_FAILED', message: 'no space left' },
});

/** The machine of an ended contract is confirmed gone. */
export const machineRemoved = fact({
  subject: 'evt.agents.v1.machine-removed',
  payload: z.object(machine),
  sample: machineSample,
});

/** A machine that should run is not there any more, as its agent sees it. Nothing is ended by this. */
export const machineLost = fact({
  subject: 'evt.agents.v1.machine-lost',
  payload: z.object(machine),
  sample: machineSample,
});

/** A tenant's operation inside of a machine has ended, as its agent says, or was given up. */
export const machineOperationFinished = fact({
  subject: 'evt.agents.v1.machine-operation-finished',
  payload: z.object({
    operationId: z.uuid(),
    contractId: contractIdHex(),
    generation: int32(0),
    kind: machineOperationKind,
    outcome: z.enum(['done', 'failed']),
    /** The new credentials, with resets that are done. */
    credentials: z.array(sealedCredential).max(20),
    /** Why it failed. */
    failure: z.object({ code: z.string().max(64), message: z.string().max(2_000) }).optional(),
    atNs: int64(),
  }),
  sample: {
    operationId: '0190a5b0-7c1d-7e3a-8f00-000000000002',
    contractId: CONTRACT,
    generation: 1,
    kind: 'reset-password',
    outcome: 'done',
    credentials: [{ recipientPublicKey: KEY_A, envelope: '{"version":2}' }],
    atNs: AT,
  },
});

/** Of a script that is run in a new machine at most so much is kept: its end. */
export const SCRIPT_LOG_BYTES = 256 * 1024;
/** As a JSON string it takes no more than this, whatever is in it: it has to fit a message. */
export const SCRIPT_LOG_JSON_BYTES = 640 * 1024;

/** What a script has printed. */
export const scriptLog = () =>
  z
    .string()
    .max(SCRIPT_LOG_BYTES)
    .refine((log) => new TextEncoder().encode(JSON.stringify(log)).length <= SCRIPT_LOG_JSON_BYTES, {
      error: 'does not fit a message',
    });

/** The offering's script has ended in a new machine. */
export const machineScriptFinished = fact({
  subject: 'evt.agents.v1.machine-script-finished',
  payload: z.object({
    ...machine,
    success: z.boolean(),
    /** -1: ended from outside. */
    exitCode: int32(),
    log: scriptLog(),
  }),
  sample: { ...machineSample, success: true, exitCode: 0, log: 'installed\n' },
});
