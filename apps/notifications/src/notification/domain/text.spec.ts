import { amountText, durationText, quote, shortId } from './text.ts';

test.each([
  [1, '1 hour'],
  [23, '23 hours'],
  [24, '1 day'],
  [36, '36 hours'],
  [48, '2 days'],
  [168, '1 week'],
  [192, '8 days'],
  [720, '1 month'],
  [1440, '2 months'],
  [0, '0 hours'],
])('%d hours are %s', (hours, text) => {
  expect(durationText(hours)).toBe(text);
});

test('amounts are exact', () => {
  expect(amountText(13_888_888n, 'USD')).toBe('0.013888888 USD');
  expect(amountText(5_500_000_000n, 'EUR')).toBe('5.50 EUR');
});

test('ids are shortened as ever', () => {
  expect(shortId(`379fd7ae03edc0ef${'a'.repeat(48)}`)).toBe('379fd7ae03edc0ef...');
});

test('words of others become one short line', () => {
  expect(quote('a\r\nBcc: x@y.zz\u0000\u202eb\t  c ')).toBe('a Bcc: x@y.zz b c');
  expect([...quote('😀'.repeat(600))]).toHaveLength(501);
});
