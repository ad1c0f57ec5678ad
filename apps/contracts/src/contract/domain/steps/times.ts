/** How far time has come while the steps of a rental are gone through. */
export interface Clock {
  latestNs: bigint;
  /** The step before was finished exactly then: the next one began. */
  isExact: boolean;
}

export const later = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** To the millisecond, never below 0. */
export const secondsBetween = (fromNs: bigint, untilNs: bigint): number =>
  untilNs <= fromNs ? 0 : Number((untilNs - fromNs) / 1_000_000n) / 1_000;
