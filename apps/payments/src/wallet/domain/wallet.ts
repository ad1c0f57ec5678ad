import { E9S_PER_CENT, formatAmountE9s, Refusal } from '@decent-cloud/kernel';
import type { Purpose } from '../../ledger/domain/transfer.ts';

/** The one currency that wallets hold. */
export const WALLET_CURRENCY = 'USD';

const MAX_TOP_UP_CENTS = 1_000_000n;
const PLAIN_DECIMAL = /^(\d+)(?:\.(\d+))?$/;

/**
 * The amount of a top-up, to the cent, half up: read from the decimal that was written, since 100 * 1.005 is less than 100.5.
 * @throws Refusal AMOUNT_INVALID below one cent and above 10,000 USD.
 */
export function topUpAmountE9s(amountUsd: number): bigint {
  const match = PLAIN_DECIMAL.exec(String(amountUsd));
  if (!match) throw invalid(amountUsd);
  const [, whole = '', fraction = ''] = match;
  const wholeCents = BigInt(whole) * 100n + BigInt(fraction.slice(0, 2).padEnd(2, '0'));
  const isMore = /[1-9]/.test(fraction.slice(2));
  if (wholeCents < 1n || wholeCents > MAX_TOP_UP_CENTS || (wholeCents === MAX_TOP_UP_CENTS && isMore)) {
    throw invalid(amountUsd);
  }
  return (wholeCents + (/^[5-9]/.test(fraction.slice(2)) ? 1n : 0n)) * E9S_PER_CENT;
}

const invalid = (amountUsd: number): Refusal =>
  new Refusal(
    'INVALID',
    'AMOUNT_INVALID',
    `Invalid top-up amount ${amountUsd}: at least 0.01 and at most ${formatAmountE9s(MAX_TOP_UP_CENTS * E9S_PER_CENT)} ${WALLET_CURRENCY}`,
  );

const ENTRY_TYPES = {
  topup: 'topup',
  rental_charge: 'rental_debit',
  rental_settlement: 'rental_refund',
} as const satisfies Record<Purpose, string>;

/** What a transfer is called in the list of the wallet's owner. */
export function entryTypeOf(purpose: string): string {
  return ENTRY_TYPES[purpose as Purpose];
}
