import { databaseSettings } from '@decent-cloud/runtime';
import { z } from 'zod';

const seconds = (fallback: number, max = 86_400) => z.coerce.number().positive().max(max).default(fallback);
const url = z
  .string()
  .regex(/^(nats|tls|ws|wss):\/\//, { error: 'must begin with nats://, tls://, ws:// or wss://' });

export const agentsSettings = databaseSettings.extend({
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
  /** First wait before an order to remove a machine is repeated; it doubles up to ten minutes. */
  REMOVAL_REPEAT_SECONDS: seconds(15),
  /** First wait before an operation inside of a machine is ordered again; it doubles up to ten minutes. */
  OPERATION_REPEAT_SECONDS: seconds(15),
  /** After so long an operation that no agent has answered has failed. */
  OPERATION_DEADLINE_SECONDS: seconds(3_600),
  COORDINATOR_EVERY_SECONDS: seconds(1, 60),
  HEARTBEAT_FLUSH_SECONDS: seconds(2, 30),
  /** How often every account and consumer of agents is compared with the broker. */
  ACCOUNT_SYNC_SECONDS: seconds(300),
});
export type AgentsSettings = ReturnType<typeof agentsSettings.parse>;
