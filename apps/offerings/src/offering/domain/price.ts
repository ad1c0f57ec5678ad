import { parseAmountE9s, Refusal } from '@decent-cloud/kernel';

const MAX_PRICE = 1_000_000_000;
const MAX_PRICE_E9S = 10n ** 18n;

/**
 * A price as it came on the wire, exactly, in e9s.
 * @throws Refusal AMOUNT_INVALID beyond a thousand million units, and with more than 9 decimals.
 */
export function readPriceE9s(field: string, price: number): bigint {
  if (!(price >= 0 && price <= MAX_PRICE)) throw invalid(field, price);
  // Small numbers print as 1e-7; nine decimals say them exactly or not at all.
  const text = /e/.test(String(price)) ? price.toFixed(9) : String(price);
  if (Number(text) !== price || /\.\d{10}/.test(text)) throw invalid(field, price);
  return parseAmountE9s(text);
}

const invalid = (field: string, price: number): Refusal =>
  new Refusal(
    'INVALID',
    'AMOUNT_INVALID',
    `Invalid ${field} '${price}': from 0 to ${MAX_PRICE}, with at most 9 decimals`,
  );

/** A bound of a price filter, in e9s, rounded to the nearest. */
export function priceBoundE9s(price: number): bigint {
  return price >= MAX_PRICE ? MAX_PRICE_E9S : parseAmountE9s(price.toFixed(9));
}
