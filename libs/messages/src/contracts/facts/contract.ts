import { z } from 'zod';
import { fact } from '../../wire/fact.ts';
import { AT, CONTRACT, KEY_A } from '../../wire/samples.ts';
import { contractIdHex, int32, int64, publicKeyHex, reason, word } from '../../wire/schema.ts';
import {
  ACTORS,
  CONTRACT_ENDS,
  CONTRACT_STATUSES,
  PAYMENT_METHODS,
  PAYMENT_STATUSES,
} from '../../words/contracts.ts';
import { machineSpec } from '../machine-parts.ts';
import { bothParties, parties, partiesSample } from '../parties.ts';
import { rentalStepsMembers } from '../rental-steps.ts';
import { sshLogin } from '../ssh-login.ts';

/** Every change of a contract's status, its creation (`from` absent) included. */
export const contractStatusChanged = fact({
  subject: 'evt.contracts.v1.contract-status-changed',
  payload: z.object({
    contractId: contractIdHex(),
    version: int32(1),
    from: word(CONTRACT_STATUSES).optional(),
    to: word(CONTRACT_STATUSES),
    actor: z.enum(ACTORS),
    reason: reason().optional(),
    memo: z.string().optional(),
    /** Of the contract, after the change; absent in messages of before this was said. */
    paymentStatus: word(PAYMENT_STATUSES).optional(),
    /** The tenant asked for something and has this as the answer: nobody needs to tell them. */
    isAnswered: z.boolean().optional(),
    /** With `provisioned`: where the machine lets its tenant in; absent when its agent named no place, and in older messages. */
    sshLogin: sshLogin.optional(),
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

/** Paid, and not accepted by a standing order: the provider owes an answer. */
export const rentalRequested = fact({
  subject: 'evt.contracts.v1.rental-requested',
  payload: z.object({
    contractId: contractIdHex(),
    version: int32(1),
    status: word(CONTRACT_STATUSES),
    offeringName: z.string(),
    paymentAmountE9s: int64(),
    currency: z.string(),
    durationHours: int32(1),
    atNs: int64(),
    ...parties,
  }),
  sample: {
    contractId: CONTRACT,
    version: 1,
    status: 'requested',
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
    status: word(CONTRACT_STATUSES),
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
    status: z.enum(CONTRACT_ENDS),
    reason: reason().optional(),
    ...parties,
    holdId: z.uuid(),
    offeringDbId: int64(1n),
    paymentMethod: word(PAYMENT_METHODS),
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
