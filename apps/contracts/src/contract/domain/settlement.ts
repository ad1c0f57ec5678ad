export interface Service {
  readonly paidE9s: bigint;
  /** When the tenant got the machine; null: never. */
  readonly startedAtNs: bigint | null;
  readonly endsAtNs: bigint | null;
  /** Ended pauses in sum. */
  readonly totalPausedNs: bigint;
  /** Begin of a pause that still runs. */
  readonly pausedAtNs: bigint | null;
  /** The same of times in which there was no machine that runs. */
  readonly downNs: bigint;
  readonly downSinceNs: bigint | null;
}

export interface Settlement {
  readonly refundE9s: bigint;
  readonly earnedE9s: bigint;
}

/** Splits what was paid at the moment a rental ends: unused time goes back, the rest is the provider's. Adds up exactly. */
export function settle(service: Service, nowNs: bigint): Settlement {
  const refundE9s = refundE9sOf(service, nowNs);
  return { refundE9s, earnedE9s: service.paidE9s - refundE9s };
}

function refundE9sOf(service: Service, nowNs: bigint): bigint {
  const { paidE9s, startedAtNs, endsAtNs } = service;
  if (startedAtNs === null) return paidE9s;
  if (endsAtNs === null) return 0n;
  const termNs = endsAtNs - startedAtNs;
  if (termNs <= 0n) return 0n;
  // Past the end nothing is used any more, paused or not.
  const untilNs = nowNs < endsAtNs ? nowNs : endsAtNs;
  const usedNs = untilNs - startedAtNs - unservedNs(service, startedAtNs, untilNs);
  if (usedNs <= 0n) return paidE9s;
  return (paidE9s * (termNs - usedNs)) / termNs;
}

/** Paused or without a machine that runs; both at once count once. */
function unservedNs(service: Service, startedAtNs: bigint, untilNs: bigint): bigint {
  const { totalPausedNs, pausedAtNs, downNs, downSinceNs } = service;
  let fromNs = untilNs;
  for (const since of [pausedAtNs, downSinceNs]) if (since !== null && since < fromNs) fromNs = since;
  if (fromNs < startedAtNs) fromNs = startedAtNs;
  return positive(totalPausedNs) + positive(downNs) + positive(untilNs - fromNs);
}

const positive = (ns: bigint): bigint => (ns > 0n ? ns : 0n);
