/** Reads the time: Unix nanoseconds. Injected, so that rules and tests own their clock. */
export type Clock = () => bigint;

export const NS_PER_MS = 1_000_000n;
export const NS_PER_SECOND = 1_000_000_000n;
export const NS_PER_HOUR = 3_600n * NS_PER_SECOND;

/** The system's clock, to the millisecond. */
export const systemClock: Clock = () => BigInt(Date.now()) * NS_PER_MS;

export const secondsToNs = (seconds: number): bigint => BigInt(seconds) * NS_PER_SECOND;
export const nsToMs = (ns: bigint): number => Number(ns / NS_PER_MS);
/** Whole Unix seconds, as some wire fields want them. */
export const nsToSeconds = (ns: bigint): bigint => ns / NS_PER_SECOND;
export const nsToIso = (ns: bigint): string => new Date(nsToMs(ns)).toISOString();
