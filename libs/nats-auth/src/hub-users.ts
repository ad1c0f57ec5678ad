import {
  agentSubjects,
  buckets,
  consumersOf,
  type InnerServiceName,
  inboxOf,
  innerServiceNames,
  requestsAskedBy,
  type StreamName,
  serviceNames,
  streams,
} from '@decent-cloud/messages';
import { encodeUser, type Permissions } from '@nats-io/jwt';
import { signerOf } from './keys.ts';

/**
 * Who may say and hear what inside the hub, derived from the declarations. `streams` signs in at start-up only and is the
 * one that changes streams; `admin` is for people and tools at the operator's desk.
 */
export const hubUserNames = [...serviceNames, 'streams', 'admin'] as const;
export type HubUserName = (typeof hubUserNames)[number];

const GATEWAY_BUCKETS = Object.values(buckets).map(({ name }) => name);

/** One answer to each request that came in, to the inbox that its sender named. */
const MAY_ANSWER = { max: 1, ttl: 60_000_000_000 } as const;

/** Making a stream that is not there, and looking at it. One that is there does not change by it. */
const makeStream = (stream: string) => ['INFO', 'CREATE'].map((verb) => `$JS.API.STREAM.${verb}.${stream}`);

/** Making, watching and processing one durable consumer. */
const keepConsumer = (stream: string, durable: string) => [
  `$JS.API.CONSUMER.CREATE.${stream}.${durable}`,
  `$JS.API.CONSUMER.CREATE.${stream}.${durable}.>`,
  // How a consumer with several filters is made.
  `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.${durable}`,
  `$JS.API.CONSUMER.INFO.${stream}.${durable}`,
  `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`,
  `$JS.ACK.${stream}.${durable}.>`,
];

const keepBucket = (bucket: string) => [
  `$KV.${bucket}.>`,
  ...makeStream(`KV_${bucket}`),
  `$JS.API.STREAM.MSG.GET.KV_${bucket}`,
  `$JS.API.DIRECT.GET.KV_${bucket}`,
  `$JS.API.DIRECT.GET.KV_${bucket}.>`,
  `$JS.API.CONSUMER.*.KV_${bucket}.>`,
  `$JS.API.CONSUMER.*.KV_${bucket}`,
];

/** The streams that a service keeps: it makes those that are gone, and writes into them to see whether they work. */
const streamsOf = (service: InnerServiceName): readonly StreamName[] => [
  'FACTS',
  'DEAD_LETTERS',
  'ADVISORIES',
  ...(service === 'agents' ? (['AGENT_CMD', 'AGENT_EVT'] as const) : []),
];

function servicePermissions(service: InnerServiceName): Permissions {
  const consumers = consumersOf(service);
  return {
    pub: {
      allow: [
        ...requestsAskedBy(service).map(({ subject }) => subject),
        `evt.${service}.>`,
        ...new Set([`dlq.${service}.>`, ...consumers.map(({ durable }) => `dlq.${durable}.>`)]),
        ...streamsOf(service).map((stream) => `probe.${stream}`),
        '$JS.API.INFO',
        ...streamsOf(service).flatMap(makeStream),
        // The relay looks whether its newest message is still there.
        '$JS.API.STREAM.MSG.GET.FACTS',
        ...consumers.flatMap(({ stream, durable }) => keepConsumer(stream, durable)),
        ...(service === 'agents' ? COORDINATOR : []),
      ],
    },
    sub: {
      allow: [
        `req.${service}.>`,
        `${inboxOf(service)}.>`,
        ...(service === 'agents' ? [agentSubjects.heartbeat('*'), 'agent.rpc.v1.>'] : []),
      ],
    },
    resp: MAY_ANSWER,
  };
}

/** The coordinator makes the agents' consumers and is the only one that gives orders. */
const COORDINATOR = [
  'agent.cmd.v1.>',
  '$JS.API.STREAM.MSG.GET.AGENT_CMD',
  // What has been processed.
  '$JS.API.STREAM.PURGE.AGENT_EVT',
  '$JS.API.CONSUMER.CREATE.AGENT_CMD.>',
  '$JS.API.CONSUMER.DURABLE.CREATE.AGENT_CMD.*',
  '$JS.API.CONSUMER.INFO.AGENT_CMD.*',
  '$JS.API.CONSUMER.DELETE.AGENT_CMD.*',
  '$JS.API.CONSUMER.LIST.AGENT_CMD',
];

/** The gateway reads facts for live updates with consumers of its own, and must not touch the services' durables. */
async function gatewayPermissions(): Promise<Permissions> {
  // Only who makes credentials needs all declarations.
  const { allEndpoints } = await import('@decent-cloud/messages/endpoints');
  const endpoints = Object.values(allEndpoints).filter((one) => !('local' in one && one.local));
  return {
    pub: {
      allow: [
        ...new Set([...endpoints, ...requestsAskedBy('gateway')].map(({ subject }) => subject)),
        ...innerServiceNames.map((service) => `req.${service}.v1.ping`),
        '$JS.API.INFO',
        '$JS.API.STREAM.INFO.FACTS',
        // With several filters, whatever it is called.
        '$JS.API.CONSUMER.CREATE.FACTS',
        '$JS.API.CONSUMER.CREATE.FACTS.>',
        '$JS.API.CONSUMER.INFO.FACTS.*',
        '$JS.API.CONSUMER.DELETE.FACTS.*',
        '$JS.API.CONSUMER.MSG.NEXT.FACTS.*',
        '$JS.ACK.FACTS.>',
        '$JS.FC.>',
        ...GATEWAY_BUCKETS.flatMap(keepBucket),
      ],
      deny: innerServiceNames.flatMap((service) => [
        `$JS.API.CONSUMER.*.FACTS.${service}`,
        `$JS.API.CONSUMER.*.FACTS.${service}.>`,
        `$JS.API.CONSUMER.MSG.NEXT.FACTS.${service}`,
        `$JS.ACK.FACTS.${service}.>`,
      ]),
    },
    sub: { allow: [`${inboxOf('gateway')}.>`] },
  };
}

const START_UP: Permissions = {
  pub: {
    allow: [
      '$JS.API.INFO',
      ...Object.keys(streams).flatMap((stream) => [...makeStream(stream), `$JS.API.STREAM.UPDATE.${stream}`]),
    ],
  },
  sub: { allow: [`${inboxOf('streams')}.>`] },
};

/** The permissions of one user of the hub. */
export async function hubPermissions(name: HubUserName): Promise<Permissions> {
  if (name === 'admin') return { pub: { allow: ['>'] }, sub: { allow: ['>'] } };
  if (name === 'streams') return START_UP;
  return name === 'gateway' ? gatewayPermissions() : servicePermissions(name);
}

/** The credentials of a service (or of `streams`, or `admin`) in the hub account. */
export async function hubUserJwt(options: {
  readonly name: HubUserName;
  readonly userPublicKey: string;
  readonly accountPublicKey: string;
  readonly userSigningSeed: string;
}): Promise<string> {
  return encodeUser(
    options.name,
    options.userPublicKey,
    options.accountPublicKey,
    { bearer_token: false, ...(await hubPermissions(options.name)) },
    { signer: signerOf(options.userSigningSeed) },
  );
}
