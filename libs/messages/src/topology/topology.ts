import * as facts from '../facts.ts';
import type { FactDeclaration } from '../wire/fact.ts';

/**
 * Every stream and every durable consumer of the platform, in one place. Each service applies its part when it starts.
 * Streams carry what Postgres already holds: any of them can be deleted and is filled again from outboxes.
 */
export interface StreamDeclaration {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly retention: 'limits' | 'workqueue';
  readonly maxAgeSeconds: number;
  readonly duplicateWindowSeconds: number;
  readonly maxBytes: number;
  /** Larger messages are refused. */
  readonly maxMessageBytes?: number;
  /** Messages under one subject: more of them are refused, or push out the oldest under that subject. */
  readonly perSubject?: { readonly messages: number; readonly beyond: 'refused' | 'oldest-go' };
  /** Under which subject messages are kept. */
  readonly keptAs?: { readonly from: string; readonly to: string };
}

const DAY_SECONDS = 86_400;
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

export const streams = {
  /** What happened in services. */
  FACTS: {
    name: 'FACTS',
    subjects: ['evt.>', 'probe.FACTS'],
    retention: 'limits',
    maxAgeSeconds: 7 * DAY_SECONDS,
    duplicateWindowSeconds: 120,
    maxBytes: 4 * GIB,
  },
  /** Commands to agents; one durable consumer for each agent, made by the coordinator. */
  AGENT_CMD: {
    name: 'AGENT_CMD',
    subjects: ['agent.cmd.v1.>', 'probe.AGENT_CMD'],
    retention: 'limits',
    maxAgeSeconds: DAY_SECONDS,
    duplicateWindowSeconds: 7_200,
    maxBytes: GIB,
  },
  /**
   * Events of agents; signed. What has been processed is taken out, and all that one agent says is kept under one
   * subject: so none can take the place of others, and whatever is refused stays in its journal.
   */
  AGENT_EVT: {
    name: 'AGENT_EVT',
    subjects: ['agent.evt.v1.*.*', 'probe.AGENT_EVT'],
    retention: 'limits',
    maxAgeSeconds: 30 * DAY_SECONDS,
    duplicateWindowSeconds: 7_200,
    maxBytes: 4 * GIB,
    maxMessageBytes: MIB,
    perSubject: { messages: 1_000, beyond: 'refused' },
    keptAs: { from: 'agent.evt.v1.*.*', to: 'agent.evt.v1.{{wildcard(1)}}' },
  },
  /** Messages that could not be processed, with the reason in a header. `dlq.<consumer>.<original subject>`. */
  DEAD_LETTERS: {
    name: 'DEAD_LETTERS',
    subjects: ['dlq.>', 'probe.DEAD_LETTERS'],
    retention: 'limits',
    maxAgeSeconds: 30 * DAY_SECONDS,
    duplicateWindowSeconds: 120,
    maxBytes: GIB,
    perSubject: { messages: 1_000, beyond: 'oldest-go' },
  },
  /** The broker's own notices about messages that it will not deliver again. */
  ADVISORIES: {
    name: 'ADVISORIES',
    subjects: ['$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>', 'probe.ADVISORIES'],
    retention: 'limits',
    maxAgeSeconds: 30 * DAY_SECONDS,
    duplicateWindowSeconds: 120,
    maxBytes: GIB / 4,
  },
} as const satisfies Record<string, StreamDeclaration>;

export type StreamName = keyof typeof streams;

/** What is written there shows that the stream takes messages. No consumer reads it, and it leaves after a minute. */
export const probeOf = (stream: StreamName): string => `probe.${stream}`;
export const PROBE_KEPT_SECONDS = 60;

export interface ConsumerDeclaration {
  readonly durable: string;
  readonly stream: StreamName;
  readonly filterSubjects: readonly string[];
  /** How long one delivery may be worked on before the broker offers it again. */
  readonly ackWaitSeconds: number;
  /** Deliveries in flight over all replicas. */
  readonly maxAckPending: number;
  /** Outer fence only: dead letters are made by our own count long before. */
  readonly maxDeliver: number;
}

const reader = (durable: string, read: readonly FactDeclaration[]): ConsumerDeclaration => ({
  durable,
  stream: 'FACTS',
  filterSubjects: read.map((declaration) => declaration.subject),
  ackWaitSeconds: 30,
  maxAckPending: 512,
  maxDeliver: 50,
});

export const consumers = {
  offerings: reader('offerings', [facts.contractEnded]),
  contracts: reader('contracts', [
    facts.rentalCharged,
    facts.refundIssued,
    facts.stockReleased,
    facts.machineAssigned,
    facts.provisioningStarted,
    facts.machineProvisioned,
    facts.provisioningFailed,
    facts.machineRemoved,
    facts.machineAvailabilityChanged,
    facts.machineOperationFinished,
    facts.machineScriptFinished,
  ]),
  payments: reader('payments', [facts.contractEnded]),
  agents: reader('agents', [
    facts.contractAccepted,
    facts.contractEnded,
    facts.machineWantedAgain,
    facts.machineOperationRequested,
    facts.paidTimeChanged,
  ]),
  notifications: reader('notifications', [
    facts.accountRegistered,
    facts.agentDoubled,
    facts.contractStatusChanged,
    facts.rentalRequested,
    facts.contractMachineChanged,
    facts.refundIssued,
    facts.walletChanged,
  ]),
  /** Events of agents, read by the coordinator. */
  'agent-events': {
    durable: 'agent-events',
    stream: 'AGENT_EVT',
    filterSubjects: ['agent.evt.v1.>'],
    ackWaitSeconds: 30,
    maxAckPending: 512,
    maxDeliver: 50,
  },
} as const satisfies Record<string, ConsumerDeclaration>;

export type ConsumerName = keyof typeof consumers;

/** The consumers that a service reads. */
export const consumersOf = (service: string): readonly ConsumerDeclaration[] =>
  Object.values<ConsumerDeclaration>(consumers).filter(
    ({ durable, stream }) => (stream === 'AGENT_EVT' ? 'agents' : durable) === service,
  );

/** Key-value buckets of the gateways; in memory but for one: a file bucket puts a disk flush into every write. */
export const buckets = {
  /** Used nonces; kept for twice the signature window and some skew. */
  nonces: { name: 'gateway_nonces', ttlSeconds: 660 },
  /** On disk: those whose signature was stamped ahead of the clock. Such a one would look new after a restart. */
  earlyNonces: { name: 'gateway_early_nonces', ttlSeconds: 660, maxBytes: 64 * 1024 ** 2 },
  rateLimits: { name: 'gateway_rate_limits', ttlSeconds: 120 },
  tickets: { name: 'gateway_tickets', ttlSeconds: 60 },
} as const;
