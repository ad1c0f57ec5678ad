import { z } from 'zod';
import { machineActionKind, machineSpec } from '../contracts/machine-parts.ts';
import { contractIdHex, int32, publicKeyHex, word } from '../wire/schema.ts';
import {
  DESIRED_STATES,
  FAILURE_CLASSES,
  FAILURE_CODES,
  MACHINE_COMMANDS,
  POWER_STATES,
} from '../words/agents.ts';
import { MACHINE_ACTIONS } from '../words/contracts.ts';
import { machineInstance, scriptLog, sealedCredential } from './machine-parts.ts';

/**
 * What travels between coordinator and agent. Every message is signed (Ed25519ph over canonical JSON without `sig`):
 * commands and snapshots by the platform key, events and heartbeats by the agent. Who may trust what follows from the
 * signature and from `agentPublicKey`, `contractId` and `generation`, never from the subject.
 * Integers that may pass 2^53 travel as decimal strings here.
 */

/** Subjects of one agent; `account` is the public key of its NATS account. */
export const agentSubjects = {
  command: (account: string, kind: string) => `agent.cmd.v1.${account}.${kind}`,
  commands: (account: string) => `agent.cmd.v1.${account}.>`,
  event: (account: string, kind: string) => `agent.evt.v1.${account}.${kind}`,
  heartbeat: (account: string) => `agent.hb.v1.${account}`,
  rpc: (account: string, method: string) => `agent.rpc.v1.${account}.${method}`,
} as const;

/** JetStream API prefix under which an agent's account sees its consumer in the hub. */
export const AGENT_API_PREFIX = 'JSH.API';

/** The `rpc` that answers a `snapshotRequest` with a `desiredSnapshot`. */
export const SNAPSHOT_METHOD = 'get-snapshot';

const ns = z.string().regex(/^\d{1,19}$/);
const signature = z.string().regex(/^[0-9a-f]{128}$/);
/** The process that speaks; absent: an agent from before there were instances, or, of a snapshot, somebody who looks. */
const instanceId = z.uuid().optional();

export const desiredMachine = z.object({
  contractId: contractIdHex(),
  generation: int32(1),
  desired: z.enum(DESIRED_STATES),
  /** End of the paid time, when it is known. */
  endsAtNs: ns.optional(),
  /** Where its tenant reaches it: kept for it, and wanted again when it is made again. */
  sshPort: int32(1, 65_535).optional(),
  /** No creation may begin after this. */
  deadlineNs: ns,
  spec: machineSpec.optional(),
  encryptionPublicKeys: z.array(publicKeyHex()).max(20),
});
export type DesiredMachine = z.output<typeof desiredMachine>;

/** Something to be done inside of a machine that runs; the command's kind says what. */
export const machineAction = z.object({
  /** Of the tenant's request: whatever has this id is done once. */
  operationId: z.uuid(),
  contractId: contractIdHex(),
  generation: int32(1),
  /** When the tenant asked for it: of two of one kind the younger one counts. */
  requestedAtNs: ns,
  /** With `rotate-ssh-key`: exactly this key is let in from then on. */
  sshPublicKey: z.string().max(16_384).optional(),
  /** With `reset-password`: the new credentials are sealed for each of them. */
  encryptionPublicKeys: z.array(publicKeyHex()).max(20),
});
export type MachineAction = z.output<typeof machineAction>;

/**
 * One command. `provision` and `terminate` carry the desired machine, operations what is to be done inside of one;
 * `resync` asks for an `observed` event.
 */
export const agentCommand = z.object({
  v: z.literal(1),
  commandId: z.uuid(),
  kind: z.enum([...MACHINE_COMMANDS, ...MACHINE_ACTIONS]),
  agentPublicKey: publicKeyHex(),
  issuedAtNs: ns,
  deadlineNs: ns,
  machine: desiredMachine.optional(),
  operation: machineAction.optional(),
  traceparent: z.string().max(128).optional(),
  sig: signature,
});
export type AgentCommand = z.output<typeof agentCommand>;

/** The whole desired state of one agent, asked for on connect, on a timer and on `resync`. */
export const desiredSnapshot = z.object({
  v: z.literal(1),
  agentPublicKey: publicKeyHex(),
  /** Rises with every change of this agent's desired state. */
  version: ns,
  atNs: ns,
  /** Another process with this agent's key that was turned away. */
  rival: z.object({ host: z.string().max(255).optional(), seenAtNs: ns }).optional(),
  machines: z.array(desiredMachine).max(5_000),
  sig: signature,
});
export type DesiredSnapshot = z.output<typeof desiredSnapshot>;

export const snapshotRequest = z.object({
  v: z.literal(1),
  agentPublicKey: publicKeyHex(),
  instanceId,
  atNs: ns,
  sig: signature,
});

const eventHead = {
  v: z.literal(1),
  eventId: z.uuid(),
  /** The command that this answers. */
  causationId: z.uuid().optional(),
  agentPublicKey: publicKeyHex(),
  instanceId,
  /** Counts the agent's events. */
  seq: int32(0),
  atNs: ns,
  sig: signature,
};
const ofMachine = { contractId: contractIdHex(), generation: int32(1) };

const failureClass = z.enum(FAILURE_CLASSES);

export const observedMachine = z.object({
  externalId: z.string().max(256),
  contractId: contractIdHex().optional(),
  generation: int32(1).optional(),
  power: z.enum(POWER_STATES),
});

export const agentEvent = z.discriminatedUnion('kind', [
  z.object({ ...eventHead, ...ofMachine, kind: z.literal('claimed') }),
  z.object({
    ...eventHead,
    ...ofMachine,
    kind: z.literal('progress'),
    payload: z.object({ step: z.string().max(64) }),
  }),
  z.object({
    ...eventHead,
    ...ofMachine,
    kind: z.literal('provisioned'),
    payload: z.object({ instance: machineInstance, credentials: z.array(sealedCredential).max(20) }),
  }),
  z.object({
    ...eventHead,
    ...ofMachine,
    kind: z.literal('failed'),
    payload: z.object({
      class: failureClass,
      code: word(FAILURE_CODES, 64),
      message: z.string().max(2_000),
      resourcesLeft: z.array(z.object({ kind: z.string().max(64), id: z.string().max(256) })).max(50),
    }),
  }),
  z.object({ ...eventHead, ...ofMachine, kind: z.literal('terminated') }),
  z.object({
    ...eventHead,
    ...ofMachine,
    kind: z.literal('operation-done'),
    payload: z.object({
      operationId: z.uuid(),
      kind: machineActionKind,
      /** With resets: the new way in, one for each key of the command. */
      credentials: z.array(sealedCredential).max(20).optional(),
      /** With rotations: SHA-256 of the lines that are let in, each with its line end. */
      keySetSha256: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .optional(),
    }),
  }),
  z.object({
    ...eventHead,
    ...ofMachine,
    kind: z.literal('operation-failed'),
    payload: z.object({
      operationId: z.uuid(),
      kind: machineActionKind,
      class: failureClass,
      code: word(FAILURE_CODES, 64),
      message: z.string().max(2_000),
    }),
  }),
  z.object({
    ...eventHead,
    ...ofMachine,
    kind: z.literal('script-done'),
    payload: z.object({
      success: z.boolean(),
      /** -1: ended from outside. */
      exitCode: int32(),
      log: scriptLog(),
    }),
  }),
  z.object({
    ...eventHead,
    kind: z.literal('observed'),
    payload: z.object({ machines: z.array(observedMachine).max(5_000) }),
  }),
]);
export type AgentEvent = z.output<typeof agentEvent>;

export const agentHeartbeat = z.object({
  v: z.literal(1),
  agentPublicKey: publicKeyHex(),
  instanceId,
  /** The last one: from now on another process may be this agent. */
  leaving: z.boolean().optional(),
  atNs: ns,
  version: z.string().max(64),
  provisionerTypes: z.array(z.string().max(64)).min(1).max(10),
  activeContracts: int32(0),
  freeSlots: int32(0),
  resources: z.record(z.string(), z.unknown()).optional(),
  sig: signature,
});
export type AgentHeartbeat = z.output<typeof agentHeartbeat>;
