import { z } from 'zod';
import { fact } from '../../wire/fact.ts';
import { AT, CONTRACT } from '../../wire/samples.ts';
import { contractIdHex, int64, publicKeyHex } from '../../wire/schema.ts';
import { ACTION_EVENTS, ACTION_OUTCOMES } from '../../words/contracts.ts';
import { machineActionKind } from '../machine-parts.ts';
import { bothParties, parties, partiesSample } from '../parties.ts';

const operation = {
  operationId: z.uuid(),
  contractId: contractIdHex(),
  kind: machineActionKind,
  atNs: int64(),
};
const actionSample = {
  operationId: '0190a5b0-7c1d-7e3a-8f00-000000000002',
  contractId: CONTRACT,
  kind: 'rotate-ssh-key',
  atNs: AT,
} as const;

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
    event: ACTION_EVENTS[wanted.kind].requested,
    data: { contract_id: wanted.contractId, operation_id: wanted.operationId, updated_at_ns: wanted.atNs },
  }),
  sample: {
    ...actionSample,
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
    outcome: z.enum(ACTION_OUTCOMES),
    /** Why it failed, for people. */
    details: z.string().optional(),
  }),
  audience: bothParties,
  live: (ended) => ({
    event: ACTION_EVENTS[ended.kind][ended.outcome],
    data: {
      contract_id: ended.contractId,
      operation_id: ended.operationId,
      details: ended.details,
      updated_at_ns: ended.atNs,
    },
  }),
  sample: { ...actionSample, ...partiesSample, outcome: 'done' },
});
