import { encodeUser, type Permissions } from '@nats-io/jwt';
import { signerOf } from './keys.ts';

/** Who may say and hear what inside the hub. A service that needs more gets its line here. */
export const hubUserNames = [
  'gateway',
  'accounts',
  'offerings',
  'contracts',
  'payments',
  'notifications',
  'agents',
  'admin',
] as const;
export type HubUserName = (typeof hubUserNames)[number];

type Service = Exclude<HubUserName, 'gateway' | 'admin'>;

const SERVICES: readonly Service[] = [
  'accounts',
  'offerings',
  'contracts',
  'payments',
  'notifications',
  'agents',
];
const GATEWAY_BUCKETS = [
  'gateway_nonces',
  'gateway_early_nonces',
  'gateway_rate_limits',
  'gateway_tickets',
] as const;

/** One answer to each request that came in, wherever its sender wants it. */
const MAY_ANSWER = { max: 1, ttl: 60_000_000_000 } as const;
const INBOX = '_INBOX.>';

/** Making and reading a stream's settings; never deleting or purging it. */
const keepStream = (stream: string) =>
  ['INFO', 'CREATE', 'UPDATE'].map((verb) => `$JS.API.STREAM.${verb}.${stream}`);

/** Making, watching and working off one durable consumer. */
const keepConsumer = (stream: string, durable: string) => [
  `$JS.API.CONSUMER.CREATE.${stream}.${durable}`,
  `$JS.API.CONSUMER.CREATE.${stream}.${durable}.>`,
  `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.${durable}`,
  `$JS.API.CONSUMER.INFO.${stream}.${durable}`,
  `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`,
  `$JS.ACK.${stream}.${durable}.>`,
];

const keepBucket = (bucket: string) => [
  `$KV.${bucket}.>`,
  ...keepStream(`KV_${bucket}`),
  `$JS.API.STREAM.MSG.GET.KV_${bucket}`,
  `$JS.API.DIRECT.GET.KV_${bucket}`,
  `$JS.API.DIRECT.GET.KV_${bucket}.>`,
  `$JS.API.CONSUMER.*.KV_${bucket}.>`,
  `$JS.API.CONSUMER.*.KV_${bucket}`,
];

function servicePermissions(service: Service): Permissions {
  return {
    pub: {
      allow: [
        'req.>',
        `evt.${service}.>`,
        `dlq.${service}.>`,
        'probe.FACTS',
        'probe.DEAD_LETTERS',
        'probe.ADVISORIES',
        '$JS.API.INFO',
        '$JS.API.STREAM.NAMES',
        ...['FACTS', 'DEAD_LETTERS', 'ADVISORIES'].flatMap(keepStream),
        // The relay looks whether its newest message is still there.
        '$JS.API.STREAM.MSG.GET.FACTS',
        ...keepConsumer('FACTS', service),
        ...(service === 'agents' ? COORDINATOR : []),
      ],
    },
    sub: {
      allow: [
        `req.${service}.>`,
        INBOX,
        ...(service === 'agents' ? ['agent.hb.v1.>', 'agent.rpc.v1.>'] : []),
      ],
    },
    resp: MAY_ANSWER,
  };
}

/** The coordinator makes the agents' consumers and is the only one that gives orders. */
const COORDINATOR = [
  'agent.cmd.v1.>',
  'dlq.agent-events.>',
  'probe.AGENT_CMD',
  'probe.AGENT_EVT',
  ...keepStream('AGENT_CMD'),
  '$JS.API.STREAM.MSG.GET.AGENT_CMD',
  ...keepStream('AGENT_EVT'),
  ...keepConsumer('AGENT_EVT', 'agent-events'),
  '$JS.API.STREAM.PURGE.AGENT_CMD',
  // What has been worked off.
  '$JS.API.STREAM.PURGE.AGENT_EVT',
  '$JS.API.CONSUMER.CREATE.AGENT_CMD.>',
  '$JS.API.CONSUMER.DURABLE.CREATE.AGENT_CMD.>',
  '$JS.API.CONSUMER.INFO.AGENT_CMD.*',
  '$JS.API.CONSUMER.DELETE.AGENT_CMD.*',
  '$JS.API.CONSUMER.NAMES.AGENT_CMD',
  '$JS.API.CONSUMER.LIST.AGENT_CMD',
];

/** The gateway reads facts for live updates with consumers of its own, and must not touch the services' durables. */
const GATEWAY: Permissions = {
  pub: {
    allow: [
      'req.>',
      '$JS.API.INFO',
      '$JS.API.STREAM.NAMES',
      '$JS.API.STREAM.INFO.FACTS',
      // Consumers without a name of their own.
      '$JS.API.CONSUMER.CREATE.FACTS',
      '$JS.API.CONSUMER.*.FACTS.>',
      '$JS.API.CONSUMER.MSG.NEXT.FACTS.*',
      '$JS.ACK.FACTS.>',
      '$JS.FC.>',
      ...GATEWAY_BUCKETS.flatMap(keepBucket),
    ],
    deny: SERVICES.flatMap((service) => [
      `$JS.API.CONSUMER.*.FACTS.${service}`,
      `$JS.API.CONSUMER.*.FACTS.${service}.>`,
      `$JS.API.CONSUMER.DURABLE.CREATE.FACTS.${service}`,
      `$JS.API.CONSUMER.MSG.NEXT.FACTS.${service}`,
      `$JS.ACK.FACTS.${service}.>`,
    ]),
  },
  sub: { allow: ['evt.>', INBOX] },
};

/** The permissions of one user of the hub; `admin` is for people and tools at the operator's desk. */
export function hubPermissions(name: HubUserName): Permissions {
  if (name === 'admin') return { pub: { allow: ['>'] }, sub: { allow: ['>'] } };
  return name === 'gateway' ? GATEWAY : servicePermissions(name);
}

/** The credentials of a service (or of `admin`) in the hub account. */
export function hubUserJwt(options: {
  readonly name: HubUserName;
  readonly userPublicKey: string;
  readonly accountPublicKey: string;
  readonly userSigningSeed: string;
}): Promise<string> {
  return encodeUser(
    options.name,
    options.userPublicKey,
    options.accountPublicKey,
    { bearer_token: false, ...hubPermissions(options.name) },
    { signer: signerOf(options.userSigningSeed) },
  );
}
