import { Refusal } from './refusal.ts';

/** 10^-9 of a currency unit, the only form in which money is held. */
export const E9S_PER_UNIT = 1_000_000_000n;
/** One cent in e9s. */
export const E9S_PER_CENT = 10_000_000n;
/** A month is 720 hours wherever a monthly price is divided. */
export const HOURS_PER_MONTH = 720n;

const DECIMAL = /^(-?)(\d{1,10})(?:\.(\d{1,9})0*)?$/;

/**
 * Reads a decimal amount (`"8.2"`, `8.2`) exactly, at most 9 fraction digits, into e9s.
 * @throws Refusal INVALID when it is not such a number.
 */
export function parseAmountE9s(amount: string | number): bigint {
  const match = DECIMAL.exec(String(amount).trim());
  if (!match) {
    throw new Refusal('INVALID', 'AMOUNT_INVALID', `"${amount}" is not an amount with at most 9 decimals`);
  }
  const [, sign, whole, fraction = ''] = match;
  const e9s = BigInt(whole as string) * E9S_PER_UNIT + BigInt(fraction.padEnd(9, '0'));
  return sign === '-' ? -e9s : e9s;
}

/** Prints e9s as a decimal with at least two fraction digits: 5_500_000_000n is "5.50". */
export function formatAmountE9s(amountE9s: bigint): string {
  const sign = amountE9s < 0n ? '-' : '';
  const absolute = amountE9s < 0n ? -amountE9s : amountE9s;
  const fraction = (absolute % E9S_PER_UNIT)
    .toString()
    .padStart(9, '0')
    .replace(/0{1,7}$/, '');
  return `${sign}${absolute / E9S_PER_UNIT}.${fraction}`;
}

/** Price of so many hours at a monthly price; what is below 10⁻⁹ is not charged. */
export function rentalPriceE9s(monthlyPriceE9s: bigint, durationHours: number): bigint {
  return (monthlyPriceE9s * BigInt(durationHours)) / HOURS_PER_MONTH;
}

/** The e9s of what `amountE9sToNumber` has made, exactly. @throws Refusal INVALID when it was made by nobody of ours */
export function numberToAmountE9s(amount: number): bigint {
  // Small numbers print as 1e-7.
  return parseAmountE9s(/e/.test(String(amount)) ? amount.toFixed(9) : String(amount));
}

/** e9s as a floating number, only for wire fields that are floats in the existing API. */
export function amountE9sToNumber(amountE9s: bigint): number {
  return Number(formatAmountE9s(amountE9s));
}
