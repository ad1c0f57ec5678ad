import type { NatsConnection } from '@nats-io/transport-node';
import { type AgentAccountOptions, revokedAgentAccountJwt } from './agent-account.ts';

const TIMEOUT_MS = 5_000;

interface ClaimsAnswer {
  readonly data?: { readonly code?: number; readonly message?: string };
  readonly error?: { readonly code?: number; readonly description?: string };
}

/** The broker did not take an account. */
export class AccountPushError extends Error {
  override readonly name = 'AccountPushError';
}

/**
 * Makes an account known to the brokers, or changes it; repeating it is harmless.
 * @param system a connection in the system account
 * @throws AccountPushError when the broker refuses; the client's errors when it does not answer
 */
export async function pushAccountJwt(
  system: NatsConnection,
  jwt: string,
  timeoutMs = TIMEOUT_MS,
): Promise<void> {
  const reply = await system.request('$SYS.REQ.CLAIMS.UPDATE', jwt, { timeout: timeoutMs });
  const answer = reply.json<ClaimsAnswer>();
  if (answer.data?.code === 200) return;
  throw new AccountPushError(
    `the broker did not take the account: ${answer.error?.description ?? answer.data?.message ?? 'no reason given'}`,
  );
}

/** Cuts the agent's connections and refuses every JWT that it has. Undone by pushing the account's plain JWT again. */
export async function revokeAgentAccount(
  system: NatsConnection,
  options: AgentAccountOptions,
  nowSeconds: number,
): Promise<void> {
  await pushAccountJwt(system, await revokedAgentAccountJwt(options, nowSeconds));
}
