import { z } from 'zod';
import { machineActionKind } from '../contracts/machine-parts.ts';
import { fact } from '../wire/fact.ts';
import { ACCOUNT_A, AT, CONTRACT, KEY_A, KEY_B } from '../wire/samples.ts';
import { contractIdHex, idHex, int32, int64, publicKeyHex } from '../wire/schema.ts';
import { DOUBLED_AGENTS, MACHINE_AVAILABILITIES, PROVISIONING_FAILURES } from '../words/agents.ts';
import { ACTION_OUTCOMES } from '../words/contracts.ts';
import { machineInstance, scriptLog, sealedCredential } from './machine-parts.ts';

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
    reason: z.enum(PROVISIONING_FAILURES),
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

/** A machine that is to run does not, or does again, as its agent sees it. The newest version of a contract counts. */
export const machineAvailabilityChanged = fact({
  subject: 'evt.agents.v1.machine-availability-changed',
  payload: z.object({
    ...machine,
    /** Counts the changes of the contract, over all attempts at its machine. */
    version: int32(1),
    availability: z.enum(MACHINE_AVAILABILITIES),
    /** Since when it is down, or is up again. */
    sinceNs: int64(),
    /** All times in which it was down and that are over, in sum. */
    downNs: int64(0n),
    /** It is up because another machine was handed over, with the `machine-provisioned` of the same `atNs`. */
    isAnother: z.boolean().optional(),
  }),
  sample: { ...machineSample, version: 1, availability: 'missing', sinceNs: AT, downNs: 0n },
});

/** Two processes with the key of one agent: said once a day at most, and when one has taken the other's place. */
export const agentDoubled = fact({
  subject: 'evt.agents.v1.agent-doubled',
  payload: z.object({
    agentPublicKey: publicKeyHex(),
    providerPublicKey: publicKeyHex(),
    /** Absent when it is not known. */
    providerAccountId: idHex().optional(),
    label: z.string().optional(),
    what: z.enum(DOUBLED_AGENTS),
    /** Names of the hosts, as they say themselves: of the one at work, and of the other. */
    host: z.string().max(255).optional(),
    otherHost: z.string().max(255).optional(),
    atNs: int64(),
  }),
  sample: {
    agentPublicKey: KEY_B,
    providerPublicKey: KEY_A,
    providerAccountId: ACCOUNT_A,
    label: 'rack 7',
    what: 'refused',
    host: 'alpha',
    otherHost: 'beta',
    atNs: AT,
  },
});

/** A tenant's operation inside of a machine has ended, as its agent says, or was given up. */
export const machineOperationFinished = fact({
  subject: 'evt.agents.v1.machine-operation-finished',
  payload: z.object({
    operationId: z.uuid(),
    contractId: contractIdHex(),
    generation: int32(0),
    kind: machineActionKind,
    outcome: z.enum(ACTION_OUTCOMES),
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
