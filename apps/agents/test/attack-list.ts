import {
  agentSubjects,
  buckets,
  consumers,
  facts,
  isFact,
  requests,
  serviceNames,
  streams,
} from '@decent-cloud/messages';
import { allEndpoints } from '@decent-cloud/messages/endpoints';

/** The same text in all that is forged, and another in all that is secret. */
export const FORGED = 'forged-by-the-hostile-agent';

export interface Attack {
  readonly subject: string;
  readonly body: string;
}

export interface Cast {
  readonly own: string;
  readonly other: string;
  /** Inboxes that belong to others. */
  readonly inboxes: readonly string[];
  readonly serverId: string;
}

const EVENT_KINDS = ['claimed', 'progress', 'provisioned', 'failed', 'terminated', 'observed'];
const BUCKET_STREAMS = Object.values(buckets).map(({ name }) => `KV_${name}`);
export const STREAMS = [...Object.keys(streams), ...BUCKET_STREAMS];
const ackOf = (stream: string, consumer: string) =>
  `$JS.ACK.${stream}.${consumer}.1.1.1.1700000000000000000.1`;

/** Every durable consumer there is, of services and of agents. */
const consumersOf = (accounts: readonly string[]) => [
  ...Object.values(consumers).map(({ stream, durable }) => [stream, durable] as const),
  ...accounts.map((account) => ['AGENT_CMD', account] as const),
];

export const ofAgent = (account: string): string[] => [
  ...['provision', 'terminate', 'resync'].map((kind) => agentSubjects.command(account, kind)),
  ...EVENT_KINDS.map((kind) => agentSubjects.event(account, kind)),
  agentSubjects.heartbeat(account),
  agentSubjects.rpc(account, 'get-snapshot'),
];

/** Every subject on which anybody in the system speaks or listens, but for the broker's API. */
export function subjectsOfTheSystem({ own, other, inboxes, serverId }: Cast): string[] {
  const declared = [...Object.values(allEndpoints), ...Object.values(requests)].map(({ subject }) => subject);
  const stated = Object.values(facts).flatMap((one: unknown) => (isFact(one) ? [one.subject] : []));
  const dead = consumersOf([own, other]).flatMap(([stream, durable]) => [
    `dlq.${durable}.${stream === 'FACTS' ? 'evt.contracts.v1.contract-accepted' : agentSubjects.event(other, 'claimed')}`,
    `$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.${stream}.${durable}`,
    ackOf(stream, durable),
  ]);
  return [
    ...new Set([
      ...declared,
      ...serviceNames.map((service) => `req.${service}.v1.ping`),
      ...stated,
      ...ofAgent(other),
      ...ofAgent(own),
      ...dead,
      ...Object.values(buckets).map(({ name }) => `$KV.${name}.${'ab'.repeat(32)}.1`),
      ...inboxes,
      ...systemSubjects([own, other], serverId),
    ]),
  ];
}

function systemSubjects(accounts: readonly string[], serverId: string): string[] {
  const ofAccounts = accounts.flatMap((account) => [
    ...['CLAIMS.LOOKUP', 'CONNZ', 'JSZ', 'SUBSZ', 'LEAFZ', 'INFO', 'STATZ', 'CONNS'].map(
      (what) => `$SYS.REQ.ACCOUNT.${account}.${what}`,
    ),
    `$SYS.ACCOUNT.${account}.CLAIMS.UPDATE`,
    `$SYS.ACCOUNT.${account}.CONNECT`,
    `$SYS.SERVER.ACCOUNT.${account}.CONNS`,
  ]);
  return [
    ...['CLAIMS.UPDATE', 'CLAIMS.DELETE', 'CLAIMS.LIST', 'CLAIMS.PACK', 'SERVER.PING', 'USER.INFO'].map(
      (what) => `$SYS.REQ.${what}`,
    ),
    ...['VARZ', 'CONNZ', 'JSZ', 'ACCOUNTZ', 'SUBSZ', 'HEALTHZ'].map((what) => `$SYS.REQ.SERVER.PING.${what}`),
    ...['RELOAD', 'KICK', 'LDM', 'VARZ'].map((what) => `$SYS.REQ.SERVER.${serverId}.${what}`),
    ...ofAccounts,
    '$SYS.REQ.ACCOUNT.PING.CONNZ',
    '$SYS.REQ.ACCOUNT.PING.STATZ',
    '$SYS.DEBUG.SUBSCRIBERS',
    '$SRV.PING',
    '$SRV.INFO',
    '$SRV.STATS',
  ];
}

const API_PREFIXES = ['JSH.API', '$JS.API', '$JS.hub.API'];

const STREAM_VERBS: Record<string, (stream: string) => object | string> = {
  CREATE: (stream) => ({ name: stream, subjects: [`${FORGED}.>`] }),
  UPDATE: (stream) => ({ name: stream, subjects: [`${FORGED}.>`], max_msgs: 1 }),
  INFO: () => ({ subjects_filter: '>' }),
  DELETE: () => '',
  PURGE: () => '',
  'MSG.GET': () => ({ seq: 1 }),
  'MSG.DELETE': () => ({ seq: 1 }),
  SNAPSHOT: () => ({ deliver_subject: '_INBOX.snapshot', chunk_size: 1_024 }),
  RESTORE: (stream) => ({ config: { name: stream, subjects: ['evt.>'] }, state: {} }),
  'PEER.REMOVE': () => ({ peer: 'S1' }),
  'LEADER.STEPDOWN': () => '',
};
const CONSUMER_VERBS: Record<string, object | string> = {
  INFO: '',
  DELETE: '',
  PAUSE: { pause_until: '2099-01-01T00:00:00Z' },
  UNPIN: { group: 'x' },
  RESET: { seq: 1 },
  'LEADER.STEPDOWN': '',
  'MSG.NEXT': { batch: 1, no_wait: true },
};

/** Every request of the broker's JetStream API (2.11 and newer), about every stream and every consumer. */
export function apiRequests({ own, other }: Cast): Attack[] {
  const text = (body: object | string) => (typeof body === 'string' ? body : JSON.stringify(body));
  const config = (stream: string, name: string) => ({
    stream_name: stream,
    config: { name, durable_name: name, ack_policy: 'none', deliver_subject: `_INBOX.${FORGED}` },
  });
  const calls: [string, string][] = [
    ...['INFO', 'STREAM.NAMES', 'STREAM.LIST', 'STREAM.TEMPLATE.NAMES', 'META.LEADER.STEPDOWN'].map(
      (call) => [call, ''] as [string, string],
    ),
    ['SERVER.REMOVE', text({ peer: 'S1' })],
    ['SERVER.STREAM.LIST', ''],
    ...[own, other].flatMap((account) => [
      [`ACCOUNT.PURGE.${account}`, ''] as [string, string],
      ...STREAMS.slice(0, 2).flatMap((stream): [string, string][] => [
        [`ACCOUNT.STREAM.MOVE.${account}.${stream}`, text({ server: 'x' })],
        [`ACCOUNT.STREAM.CANCEL_MOVE.${account}.${stream}`, ''],
      ]),
    ]),
    ...STREAMS.flatMap((stream) => [
      ...Object.entries(STREAM_VERBS).map(([verb, body]): [string, string] => [
        `STREAM.${verb}.${stream}`,
        text(body(stream)),
      ]),
      [`CONSUMER.NAMES.${stream}`, ''] as [string, string],
      [`CONSUMER.LIST.${stream}`, ''] as [string, string],
      [`CONSUMER.CREATE.${stream}`, text(config(stream, FORGED))] as [string, string],
      [`CONSUMER.CREATE.${stream}.${FORGED}`, text(config(stream, FORGED))] as [string, string],
      [`DIRECT.GET.${stream}`, text({ seq: 1 })] as [string, string],
      [`DIRECT.GET.${stream}.evt.contracts.v1.contract-accepted`, ''] as [string, string],
    ]),
    ...consumersOf([own, other]).flatMap(([stream, name]) => [
      ...Object.entries(CONSUMER_VERBS).map(([verb, body]): [string, string] => [
        `CONSUMER.${verb}.${stream}.${name}`,
        text(body),
      ]),
      [`CONSUMER.CREATE.${stream}.${name}.evt.x`, text(config(stream, name))] as [string, string],
      [`CONSUMER.DURABLE.CREATE.${stream}.${name}`, text(config(stream, name))] as [string, string],
    ]),
  ];
  return API_PREFIXES.flatMap((prefix) =>
    calls.map(([call, body]) => ({ subject: `${prefix}.${call}`, body })),
  );
}

/** What an agent may send; `ack` is the subject on which it acknowledges a command that it has got. */
export function permittedRequests(own: string, apiPrefix: string, ack: string): Attack[] {
  const api = (call: string, body: object | string): Attack => ({
    subject: `${apiPrefix}.CONSUMER.${call}.AGENT_CMD.${own}`,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return [
    api('INFO', ''),
    api('MSG.NEXT', { batch: 1, no_wait: true }),
    api('MSG.NEXT', { batch: 2, expires: 1_000_000_000, idle_heartbeat: 200_000_000 }),
    api('MSG.NEXT', FORGED),
    ...['+WPI', '-NAK', '+NXT', '+NXT {"batch":2,"no_wait":true}', '+TERM', '+ACK', FORGED].map((body) => ({
      subject: ack,
      body,
    })),
    // The kind is a word in the subject and no more.
    ...['claimed', 'provisioned'].map((kind) => ({ subject: agentSubjects.event(own, kind), body: FORGED })),
    { subject: agentSubjects.heartbeat(own), body: FORGED },
    { subject: agentSubjects.rpc(own, 'get-snapshot'), body: FORGED },
  ];
}

/** Headers by which a message asks the broker for more than to be stored. */
export const BROKER_HEADERS: readonly (readonly [string, string])[] = [
  ['Nats-Rollup', 'all'],
  ['Nats-Rollup', 'sub'],
  ['Nats-Expected-Stream', 'FACTS'],
  ['Nats-TTL', '1s'],
  ['Nats-Schedule', '@every 1s'],
  ['Nats-Schedule-Target', 'evt.payments.v1.refund-issued'],
  ['Nats-Incr', '1'],
  ['Nats-Batch-Id', 'x'],
  ['Nats-Msg-Id', 'not-of-others'],
  ['Nats-Stream-Source', 'FACTS 1'],
];
