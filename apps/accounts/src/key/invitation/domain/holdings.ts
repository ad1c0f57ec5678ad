import { Refusal } from '@decent-cloud/kernel';

export interface Holding {
  /** In the plural: "offerings". */
  readonly what: string;
  readonly count: number;
}

/** @throws Refusal CONFLICT that names what hangs on the key. */
export function assertOwnsNothing(holdings: readonly Holding[]): void {
  const held = holdings.filter(({ count }) => count > 0);
  if (held.length === 0) return;
  const list = held.map(({ what, count }) => `${what} (${count})`).join(', ');
  throw new Refusal(
    'CONFLICT',
    'KEY_OWNS_THINGS',
    `This key has things of its own: ${list}. To let every key of the account act for them, accept with "share": true`,
  );
}
