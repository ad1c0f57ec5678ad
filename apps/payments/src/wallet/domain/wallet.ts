import { E9S_PER_CENT, formatAmountE9s, parseAmountE9s, Refusal } from '@decent-cloud/kernel';
import type { WalletEntry } from '@decent-cloud/messages/words';
import type { Purpose } from '../../ledger/domain/transfer.ts';

/** The one currency that wallets hold. */
export const WALLET_CURRENCY = 'USD';

const MAX_TOP_UP_CENTS = 1_000_000n;
const WHOLE_CENTS = /^(\d{1,6}\.\d{2})0{7}$/;

/**
 * The amount of a top-up: whole cents, since nothing less can be paid. Beyond the ninth decimal there is nothing but the
 * noise of floating numbers.
 * @throws Refusal AMOUNT_INVALID for parts of a cent, below one cent and above 10,000 USD.
 */
export function topUpAmountE9s(amountUsd: number): bigint {
  const match = Number.isFinite(amountUsd) && WHOLE_CENTS.exec(amountUsd.toFixed(9));
  const amountE9s = match ? parseAmountE9s(match[1] as string) : 0n;
  if (amountE9s < E9S_PER_CENT || amountE9s > MAX_TOP_UP_CENTS * E9S_PER_CENT) throw invalid(amountUsd);
  return amountE9s;
}

const invalid = (amountUsd: number): Refusal =>
  new Refusal(
    'INVALID',
    'AMOUNT_INVALID',
    `Invalid top-up amount ${amountUsd}: whole cents, at least 0.01 and at most ${formatAmountE9s(MAX_TOP_UP_CENTS * E9S_PER_CENT)} ${WALLET_CURRENCY}. Nothing was credited`,
  );

const ENTRY_TYPES = {
  topup: 'topup',
  rental_charge: 'rental_debit',
  rental_settlement: 'rental_refund',
} as const satisfies Record<Purpose, WalletEntry>;

/** The currency of wallets, when it is this one. @throws Refusal CURRENCY_UNSUPPORTED */
export function assertWalletCurrency(currency: string): string {
  if (currency.toUpperCase() === WALLET_CURRENCY) return WALLET_CURRENCY;
  throw new Refusal(
    'UNPROCESSABLE',
    'CURRENCY_UNSUPPORTED',
    `Wallets hold ${WALLET_CURRENCY}: a rental in '${currency}' cannot be paid with one`,
  );
}

/** What a transfer is called in the list of the wallet's owner. */
export function entryTypeOf(purpose: string): WalletEntry {
  return ENTRY_TYPES[purpose as Purpose];
}
