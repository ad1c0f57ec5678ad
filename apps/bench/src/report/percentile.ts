/** The value below which `percent` of them lie (nearest rank). @throws RangeError when there are none */
export function percentile(values: readonly number[], percent: number): number {
  if (values.length === 0) throw new RangeError('there is nothing to take a percentile of');
  if (!(percent >= 0 && percent <= 100)) throw new RangeError(`${percent} is no percentage`);
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  return sorted[rank - 1] as number;
}

/** Of an even number of values the mean of the two in the middle. @throws RangeError when there are none */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('there is nothing to take a median of');
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
