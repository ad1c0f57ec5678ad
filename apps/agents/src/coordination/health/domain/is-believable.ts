import { secondsToNs } from '@decent-cloud/kernel';

const CLOCKS_DIFFER_SECONDS = 300;
const LATE_SECONDS = 86_400;

/** A check of the last day; clocks may differ as much as they may for a signature. */
export const isBelievable = (checkedAtNs: bigint, now: bigint): boolean =>
  checkedAtNs <= now + secondsToNs(CLOCKS_DIFFER_SECONDS) && checkedAtNs >= now - secondsToNs(LATE_SECONDS);
