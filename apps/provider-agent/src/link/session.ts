import { type Client } from '@decent-cloud/client';
import { type Clock, NS_PER_SECOND, secondsToNs } from '@decent-cloud/kernel';
import { openAgentSession } from '@decent-cloud/messages/agents';
import type { Answer } from '@decent-cloud/messages/wire';
import type { Instance } from './instance.ts';

/** What the platform gives an agent to connect with, and what it says of the time. */
export interface Session extends Answer<typeof openAgentSession> {
  readonly openedAtNs: bigint;
  readonly lifeSeconds: number;
  /** The platform's clock minus ours. */
  readonly clockOffsetNs: bigint;
}

const SHORTEST_LIFE_SECONDS = 1;
const RENEW_AFTER = 0.75;
const RENEW_SPREAD = 0.1;
/** An offset below this is the rounding of the stamp and the way of the answer. */
const OFFSET_NOISE_NS = 5n * NS_PER_SECOND;

/** Who asks: the process that acts as the agent, or somebody who only looks beside it. */
export type Asking = { readonly instance: Instance } | { readonly visit: true };
export const VISIT: Asking = { visit: true };

/** Asks for a session. @throws ApiError; with 409 when another process acts as this agent */
export async function openSession(
  client: Client,
  now: Clock,
  asking: Asking,
  signal?: AbortSignal,
): Promise<Session> {
  const answer = await client.call(openAgentSession, { body: asking }, signal ? { signal } : {});
  const openedAtNs = now();
  const { issuedSeconds, endSeconds } = timesOf(answer.userJwt);
  const offsetNs = issuedSeconds === undefined ? 0n : secondsToNs(issuedSeconds) - openedAtNs;
  const isNoise = offsetNs < OFFSET_NOISE_NS && offsetNs > -OFFSET_NOISE_NS;
  const clockOffsetNs = isNoise ? 0n : offsetNs;
  const lifeSeconds =
    issuedSeconds === undefined || endSeconds === undefined
      ? Number((answer.expiresAtNs - openedAtNs - clockOffsetNs) / NS_PER_SECOND)
      : endSeconds - issuedSeconds;
  return { ...answer, openedAtNs, clockOffsetNs, lifeSeconds: Math.max(lifeSeconds, SHORTEST_LIFE_SECONDS) };
}

/** When to get the next one: well before the end, and not all agents at once. */
export function renewalDelayMs(session: Session, random: () => number): number {
  return Math.floor(session.lifeSeconds * 1_000 * (RENEW_AFTER - RENEW_SPREAD * random()));
}

export function isFresh(session: Session, platformNowNs: bigint): boolean {
  const end = session.openedAtNs + session.clockOffsetNs + secondsToNs(session.lifeSeconds);
  return platformNowNs < end - secondsToNs(session.lifeSeconds) / 10n;
}

/** Times by the platform's clock; the signature is the broker's business. */
function timesOf(jwt: string): { issuedSeconds?: number; endSeconds?: number } {
  try {
    const claims = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8')) as {
      iat?: number;
      exp?: number;
    };
    return {
      ...(Number.isSafeInteger(claims.iat) && { issuedSeconds: claims.iat as number }),
      ...(Number.isSafeInteger(claims.exp) && { endSeconds: claims.exp as number }),
    };
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
