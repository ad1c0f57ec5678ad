import { amountE9sToNumber } from '@decent-cloud/kernel';
import fc from 'fast-check';
import { priceBoundE9s, readPriceE9s } from './price.ts';

describe('prices', () => {
  it.each([
    [7.2, 7_200_000_000n],
    [8.2, 8_200_000_000n],
    [0, 0n],
    [0.000000001, 1n],
    [1e-7, 100n],
    [1_000_000_000, 10n ** 18n],
    [29.99, 29_990_000_000n],
  ])('%d is kept exactly', (price, e9s) => {
    expect(readPriceE9s('monthly_price', price)).toBe(e9s);
    expect(amountE9sToNumber(e9s)).toBe(price);
  });

  it.each([-1, 0.1 + 0.2, 1e-10, 1_000_000_000.5, 1e300, Number.NaN, Number.POSITIVE_INFINITY])(
    '%d is refused',
    (price) => {
      expect(() => readPriceE9s('setup_fee', price)).toThrow(
        expect.objectContaining({ reason: 'AMOUNT_INVALID', message: expect.stringContaining('setup_fee') }),
      );
    },
  );

  it('of at most 9 decimals come back as they were sent', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n }), (e9s) => {
        expect(readPriceE9s('monthly_price', amountE9sToNumber(e9s))).toBe(e9s);
      }),
      { numRuns: 2_000 },
    );
  });

  it('of filters have any size', () => {
    expect(priceBoundE9s(20)).toBe(20_000_000_000n);
    expect(priceBoundE9s(0.1 + 0.2)).toBe(300_000_000n);
    expect(priceBoundE9s(1e12)).toBe(10n ** 18n);
  });
});
