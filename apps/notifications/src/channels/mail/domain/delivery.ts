import { NS_PER_SECOND, secondsToNs } from '@decent-cloud/kernel';

/**
 * What became of one try. `outage`: no mail server was there to take anything. `transient`: it said "not now", or
 * nothing after it had the whole mail, which it may send on. `permanent`: it, or the address itself, said "never".
 */
export type Outcome = 'sent' | 'outage' | 'transient' | 'permanent';

export interface NextStep {
  readonly state: 'queued' | 'sent' | 'failed';
  readonly nextAttemptAtNs: bigint;
  readonly attempts: number;
}

const FIRST_WAIT_SECONDS = 60;
const LONGEST_WAIT_SECONDS = 6 * 3_600;
const OUTAGE_WAIT_SECONDS = { shortest: 30, longest: 900 } as const;
const GIVE_UP_AFTER_NS = secondsToNs(7 * 86_400);
const OUTAGES: ReadonlySet<unknown> = new Set([
  'ECONNECTION',
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'ESOCKET',
  'EDNS',
  'ETLS',
  'EAUTH',
  'ENOAUTH',
  'EPROXY',
  'EPROTOCOL',
  'EOPENBREAKER',
]);
const SERVICE_NOT_AVAILABLE = 421;

/** Reads an error of the mail client. `isHandedOver`: the whole mail had left when it came. */
export function outcomeOf(error: unknown, isHandedOver = false): Exclude<Outcome, 'sent'> {
  const { code, responseCode } = (error ?? {}) as { code?: unknown; responseCode?: unknown };
  if (isHandedOver && typeof responseCode !== 'number') return 'transient';
  if (OUTAGES.has(code) || responseCode === SERVICE_NOT_AVAILABLE) return 'outage';
  if (typeof responseCode === 'number') return responseCode >= 500 ? 'permanent' : 'transient';
  return code === 'EENVELOPE' ? 'permanent' : 'transient';
}

/** When others of the same batch were answered, silence is the fault of the one mail. */
export function judgeBatch(outcomes: readonly Outcome[]): Outcome[] {
  const answered = outcomes.some((outcome) => outcome !== 'outage');
  return outcomes.map((outcome) => (answered && outcome === 'outage' ? 'transient' : outcome));
}

/** 1, 2, 4 … minutes, at most 6 hours, up to a tenth more or less; `attempts` counts the tries so far. */
export function waitSeconds(attempts: number, random: number): number {
  const wait = Math.min(FIRST_WAIT_SECONDS * 2 ** Math.min(attempts - 1, 20), LONGEST_WAIT_SECONDS);
  return Math.round(wait * (0.9 + 0.2 * random));
}

/** A quarter of the time that it has waited so far: 30 s at first, a quarter of an hour at most. */
export function outageWaitSeconds(waitedNs: bigint): number {
  const { shortest, longest } = OUTAGE_WAIT_SECONDS;
  return Math.min(Math.max(Number(waitedNs / NS_PER_SECOND / 4n), shortest), longest);
}

/** What follows from one try; `attempts` includes it. */
export function afterTry(
  outcome: Outcome,
  mail: { readonly attempts: number; readonly createdAtNs: bigint },
  limits: { readonly maxAttempts: number },
  nowNs: bigint,
  random: number,
): NextStep {
  const isOutage = outcome === 'outage';
  const attempts = isOutage ? mail.attempts - 1 : mail.attempts;
  if (outcome === 'sent') return { state: 'sent', nextAttemptAtNs: nowNs, attempts };
  const isOver =
    outcome === 'permanent' ||
    (!isOutage && attempts >= limits.maxAttempts) ||
    nowNs - mail.createdAtNs >= GIVE_UP_AFTER_NS;
  if (isOver) return { state: 'failed', nextAttemptAtNs: nowNs, attempts };
  const wait = isOutage ? outageWaitSeconds(nowNs - mail.createdAtNs) : waitSeconds(attempts, random);
  return { state: 'queued', nextAttemptAtNs: nowNs + BigInt(wait) * NS_PER_SECOND, attempts };
}
