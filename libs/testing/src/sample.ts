import { createHash } from 'node:crypto';

/** `npm run test:all`: nothing is left out. */
export const testsAll = process.env.TEST_ALL === '1';

/** What a sample follows from; the same seed takes the same. */
export const testSeed = process.env.TEST_SEED ?? '0';

/**
 * Of each group so many, chosen by the seed, in their own order; all of them in `npm run test:all`.
 * @param groupOf names the group of an item
 * @param nameOf tells the items of a group apart
 */
export function sampleOfEach<T>(
  items: readonly T[],
  groupOf: (item: T) => string,
  nameOf: (item: T) => string,
  ofEach = 1,
): readonly T[] {
  if (testsAll) return items;
  const rank = (item: T) =>
    createHash('sha256')
      .update(`${testSeed}\n${nameOf(item)}`)
      .digest('hex');
  const ranked = items.map((item) => ({ item, rank: rank(item) })).sort((a, b) => (a.rank < b.rank ? -1 : 1));
  const chosen = new Set<T>();
  for (const group of Map.groupBy(ranked, ({ item }) => groupOf(item)).values()) {
    for (const { item } of group.slice(0, ofEach)) chosen.add(item);
  }
  return items.filter((item) => chosen.has(item));
}
