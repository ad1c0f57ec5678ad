export interface Quantity {
  readonly value: number;
  readonly unit: string;
}

/** What a ratio (or, where there is none, the measured value) is held against. */
export type Bar = { readonly atLeast: number } | { readonly atMost: number };

/** One line of the table. */
export interface Result {
  /** `P3`; absent for what has no bar of its own. */
  readonly bar: string | undefined;
  readonly name: string;
  readonly measured: Quantity;
  /** Taken in the same run. */
  readonly yardstick?: Quantity & { readonly what: string };
  /** Measured in relation to the yardstick, in the direction that the bar means. */
  readonly ratio?: number;
  readonly limit?: Bar;
  readonly note?: string;
}

export type Verdict = 'pass' | 'miss' | '-';

/** Holds a result against its bar. */
export function verdictOf({ limit, ratio, measured }: Result): Verdict {
  if (limit === undefined) return '-';
  const value = ratio ?? measured.value;
  if (Number.isNaN(value)) return 'miss';
  return ('atLeast' in limit ? value >= limit.atLeast : value <= limit.atMost) ? 'pass' : 'miss';
}
