/** What the platform runs on; what installs it runs on an older one too. */
export const NEEDED_NODE = [24, 9];

/** @param {string} version @param {number[]} floor */
export function isAtLeast(version, floor) {
  const parts = /(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [0, 0];
  return parts[0] > floor[0] || (parts[0] === floor[0] && parts[1] >= floor[1]);
}
