import { topUpAmountE9s } from './wallet.ts';

describe('the amount of a top-up', () => {
  it.each([
    [25.5, 25_500_000_000n],
    [0.01, 10_000_000n],
    [8.2, 8_200_000_000n],
    [0.1 + 0.2, 300_000_000n],
    [10_000, 10_000_000_000_000n],
    [9_999.99, 9_999_990_000_000n],
    [4.35, 4_350_000_000n],
  ])('%d USD is %d e9s', (amountUsd, e9s) => {
    expect(topUpAmountE9s(amountUsd)).toBe(e9s);
  });

  it.each([
    1.234567891, 1.005, 1.0049, 9_999.995, 0.001, 0, -1, -0, 0.009, 0.00999, 1e-7, 10_000.01, 10_000.000001,
    1e21, 1e300,
  ])('refuses %d', (amountUsd) => {
    expect(() => topUpAmountE9s(amountUsd)).toThrow(
      expect.objectContaining({ reason: 'AMOUNT_INVALID', code: 'INVALID' }),
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %d', (amountUsd) => {
    expect(() => topUpAmountE9s(amountUsd)).toThrow('Invalid top-up amount');
  });
});
