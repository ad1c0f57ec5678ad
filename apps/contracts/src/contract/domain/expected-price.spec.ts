import { assertExpectedPrice } from './expected-price.ts';

const USD_5 = { amountE9s: 5_000_000_000n, currency: 'USD' };
const expected = (amountE9s: bigint | undefined, currency?: string) => ({ amountE9s, currency });

describe('the price that a tenant was shown', () => {
  it.each([
    ['nothing', expected(undefined)],
    ['the same', expected(5_000_000_000n)],
    ['the same, with its currency in any case', expected(5_000_000_000n, 'usd')],
    ['more', expected(5_000_000_001n, 'USD')],
    ['the currency alone', expected(undefined, 'USD')],
  ])('lets the rental through: %s', (_name, shown) => {
    expect(() => assertExpectedPrice(shown, USD_5)).not.toThrow();
  });

  it.each([
    ['less, to the last unit', expected(4_999_999_999n), '4.999999999 USD was expected, it is 5.00 USD now'],
    ['nothing to pay', expected(0n, 'USD'), '0.00 USD was expected, it is 5.00 USD now'],
    [
      'the same number of another currency',
      expected(5_000_000_000n, 'BIF'),
      '5.00 BIF was expected, it is 5.00 USD now',
    ],
    [
      'a currency without a number',
      expected(undefined, 'EUR'),
      'a price in EUR was expected, it is 5.00 USD now',
    ],
  ])('refuses it: %s', (_name, shown, message) => {
    expect(() => assertExpectedPrice(shown, USD_5)).toThrow(
      expect.objectContaining({
        code: 'CONFLICT',
        reason: 'PRICE_CHANGED',
        message: expect.stringContaining(message),
      }),
    );
  });

  it('does not matter when nothing is to pay', () => {
    expect(() => assertExpectedPrice(expected(0n, 'EUR'), { amountE9s: 0n, currency: 'USD' })).not.toThrow();
  });
});
