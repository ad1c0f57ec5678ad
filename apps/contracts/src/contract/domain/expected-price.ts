import { formatAmountE9s, Refusal } from '@decent-cloud/kernel';

/** What the tenant was shown; a member that is undefined was not said. */
export interface ExpectedPrice {
  readonly amountE9s: bigint | undefined;
  readonly currency: string | undefined;
}

/**
 * Nobody pays more than they were shown; less is fine.
 * @throws Refusal PRICE_CHANGED with both figures.
 */
export function assertExpectedPrice(
  expected: ExpectedPrice,
  price: { readonly amountE9s: bigint; readonly currency: string },
): void {
  const isSameCurrency =
    expected.currency === undefined || expected.currency.toUpperCase() === price.currency.toUpperCase();
  // A free rental costs nothing in any currency.
  if (
    price.amountE9s === 0n ||
    (isSameCurrency && price.amountE9s <= (expected.amountE9s ?? price.amountE9s))
  )
    return;
  throw new Refusal(
    'CONFLICT',
    'PRICE_CHANGED',
    `The price has changed: ${expectedText(expected, price.currency)} was expected, ` +
      `it is ${formatAmountE9s(price.amountE9s)} ${price.currency} now. Nothing was charged`,
  );
}

function expectedText({ amountE9s, currency }: ExpectedPrice, priceCurrency: string): string {
  const unit = currency ?? priceCurrency;
  return amountE9s === undefined ? `a price in ${unit}` : `${formatAmountE9s(amountE9s)} ${unit}`;
}
