import type { ProvisionOptions } from './backend.ts';

export type PortWishes = ProvisionOptions['ports'];

/** The ports of a range that may be taken: first the one that the tenant knows, never those that others know. */
export function inOrder(start: number, end: number, wishes: PortWishes): number[] {
  const { own, others } = wishes ?? { others: new Set<number>() };
  const range = Array.from({ length: Math.max(0, end - start + 1) }, (_, index) => start + index);
  const free = range.filter((port) => port !== own && !others.has(port));
  return own !== undefined && own >= start && own <= end ? [own, ...free] : free;
}
