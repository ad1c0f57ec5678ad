import { databaseSettings } from '@decent-cloud/runtime';
import { z } from 'zod';

const seconds = (fallback: number, max = 86_400) => z.coerce.number().positive().max(max).default(fallback);
const url = z
  .string()
  .regex(/^(nats|tls|ws|wss):\/\//, { error: 'must begin with nats://, tls://, ws:// or wss://' });

/** An empty variable is one that is not set: compose files hand on what is not there as that. */
const unlessEmpty = <S extends z.ZodType>(schema: S) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional());
const domainName = z.string().regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, {
  error: 'must be a domain in lower case, without a dot at the end',
});
const labels = z.string().regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, {
  error: 'must be labels of a domain in lower case',
});
const NEEDED_FOR_DNS = ['CF_API_TOKEN', 'CF_ZONE_ID', 'CF_DOMAIN'] as const;

const settings = databaseSettings.extend({
  /** Signs the accounts of agents. */
  NATS_OPERATOR_SIGNING_SEED: z.string().startsWith('SO'),
  /** Signs the users in them. */
  NATS_AGENT_USER_SIGNING_SEED: z.string().startsWith('SA'),
  NATS_HUB_ACCOUNT: z.string().regex(/^A[A-Z2-7]{55}$/),
  NATS_SYS_CREDS_FILE: z.string().min(1),
  /** Where agents find the broker, separated by commas. */
  AGENT_NATS_URLS: z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(url).min(1)),
  /** Signs commands and snapshots: 32 bytes as hex. */
  PLATFORM_SIGNING_SEED: z.string().regex(/^[0-9a-fA-F]{64}$/),
  /** How long a contract waits for an agent before it has failed. */
  AGENT_WAIT_SECONDS: seconds(120),
  /** How long an agent may take to claim a command before the next one gets it. */
  CLAIM_TIMEOUT_SECONDS: seconds(30),
  /** After so much silence of an agent that has claimed, another one gets the contract, if there is one. */
  AGENT_TAKEOVER_SECONDS: seconds(60),
  /** First wait before a command to remove a machine is repeated; it doubles up to ten minutes. */
  REMOVAL_REPEAT_SECONDS: seconds(15),
  /** First wait before an operation inside of a machine is ordered again; it doubles up to ten minutes. */
  OPERATION_REPEAT_SECONDS: seconds(15),
  /** After so long an operation that no agent has answered has failed. */
  OPERATION_DEADLINE_SECONDS: seconds(3_600),
  /** A machine that its agent has not seen for so long, while it could look, is lost. */
  LOST_AFTER_SECONDS: seconds(600),
  /** The same when it is all of an agent's machines: then their disk is likelier away than they are. */
  ALL_LOST_AFTER_SECONDS: seconds(3_600, 30 * 86_400),
  COORDINATOR_EVERY_SECONDS: seconds(1, 60),
  HEARTBEAT_FLUSH_SECONDS: seconds(2, 30),
  /** How often every account and consumer of agents is compared with the broker. */
  ACCOUNT_SYNC_SECONDS: seconds(300),
  /** Where the API is reached from outside: gateways get it as the address of acme-dns. */
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).default('http://localhost:59011'),
  /** Names behind gateways are records of this Cloudflare zone; without these three there are none. */
  CF_API_TOKEN: unlessEmpty(z.string().regex(/^[\x21-\x7e]+$/)),
  CF_ZONE_ID: unlessEmpty(z.string().regex(/^[0-9a-f]{32}$/, { error: 'must be 32 hex characters' })),
  CF_DOMAIN: unlessEmpty(domainName),
  /** What is between a dc_id and the domain. */
  CF_GW_PREFIX: unlessEmpty(labels).transform((prefix) => prefix ?? 'gw'),
  CF_API_URL: unlessEmpty(z.url({ protocol: /^https?$/ })).transform(
    (address) => address ?? 'https://api.cloudflare.com/client/v4',
  ),
  /** How often writes of records that did not come to an end are looked for. */
  DNS_REPEAT_SECONDS: seconds(15),
  /** Names that one provider may have. */
  DNS_RECORDS_PER_PROVIDER: z.coerce.number().int().min(1).max(100_000).default(1_000),
});

/** All of what DNS needs, or nothing of it. */
export const agentsSettings = settings.superRefine((read, context) => {
  const missing = NEEDED_FOR_DNS.filter((name) => read[name] === undefined);
  if (missing.length === 0 || missing.length === NEEDED_FOR_DNS.length) return;
  for (const name of missing) {
    context.addIssue({ code: 'custom', path: [name], message: 'must be set when its companions are' });
  }
});
export type AgentsSettings = ReturnType<typeof agentsSettings.parse>;
