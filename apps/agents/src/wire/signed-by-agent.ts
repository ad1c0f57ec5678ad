import { verifyMessage } from '@decent-cloud/identity';
import { parseExactJson } from '@decent-cloud/kernel';
import type { z } from 'zod';

/** Why a message of an agent is not believed. */
export type Disbelief = 'malformed' | 'unknown-agent' | 'foreign-account' | 'revoked' | 'forged';

export class DisbelievedError extends Error {
  override readonly name = 'DisbelievedError';
  constructor(
    readonly reason: Disbelief | 'foreign-machine',
    detail: string,
  ) {
    super(`${reason}: ${detail}`);
  }
}

export interface KnownAgent {
  readonly accountPublicKey: string | null;
  readonly isActive: boolean;
}

/**
 * What an agent says, believed only when its own key signed it and it came over its own account.
 * The signature covers the text as it came, unknown members included.
 * @throws DisbelievedError with the first reason not to
 */
export async function believe<S extends z.ZodType<{ agentPublicKey: string }>>(
  schema: S,
  text: string,
  account: string,
  agentOf: (agentPublicKey: string) => Promise<KnownAgent | undefined>,
): Promise<z.output<S>> {
  let raw: unknown;
  try {
    raw = parseExactJson(text);
  } catch (error) {
    throw new DisbelievedError('malformed', error instanceof Error ? error.message : 'no JSON');
  }
  const parsed = schema.safeParse(raw);
  if (!parsed.success)
    throw new DisbelievedError('malformed', parsed.error.issues[0]?.message ?? 'no message');
  const message = parsed.data;
  const agent = await agentOf(message.agentPublicKey);
  if (!agent) throw new DisbelievedError('unknown-agent', message.agentPublicKey);
  if (agent.accountPublicKey !== account) {
    throw new DisbelievedError('foreign-account', `${message.agentPublicKey} does not speak over ${account}`);
  }
  if (!agent.isActive) throw new DisbelievedError('revoked', message.agentPublicKey);
  if (!verifyMessage(message.agentPublicKey, raw)) {
    throw new DisbelievedError('forged', `not signed by ${message.agentPublicKey}`);
  }
  return message;
}

/** The account in `agent.<what>.v1.<account>…`. */
export const accountOf = (subject: string): string => subject.split('.')[3] ?? '';
