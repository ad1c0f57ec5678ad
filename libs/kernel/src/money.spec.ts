import { amountE9sToNumber, formatAmountE9s, numberToAmountE9s, parseAmountE9s } from './money.ts';
import { Refusal } from './refusal.ts';

describe('money', () => {
  it.each([
    ['8.2', 8_200_000_000n],
    [29.99, 29_990_000_000n],
    ['0.000000001', 1n],
    ['10', 10_000_000_000n],
    ['-1.5', -1_500_000_000n],
  ])('reads %s exactly', (text, e9s) => {
    expect(parseAmountE9s(text)).toBe(e9s);
  });

  it.each(['', 'abc', '1.2345678901', '1e3', 'NaN', '1,5', '99999999999'])('refuses %p', (text) => {
    expect(() => parseAmountE9s(text)).toThrow(Refusal);
  });

  it.each([
    [5_500_000_000n, '5.50'],
    [1n, '0.000000001'],
    [-10_000_000_000n, '-10.00'],
    [333_333_333n, '0.333333333'],
  ])('prints %s', (e9s, text) => {
    expect(formatAmountE9s(e9s)).toBe(text);
    expect(parseAmountE9s(text)).toBe(e9s);
  });

  it.each([0n, 1n, 100n, 8_199_999_999n, 7_200_000_000n, 123_456_789_000_000_000n])(
    'is the same after a way as a floating number: %s',
    (e9s) => {
      expect(numberToAmountE9s(amountE9sToNumber(e9s))).toBe(e9s);
    },
  );
});
