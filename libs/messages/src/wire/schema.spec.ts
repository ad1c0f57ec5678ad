import type { z } from 'zod';
import { pathInt64, queryInt, queryNumber } from './schema.ts';

const NO_DECIMALS = [
  '0x10',
  '0X10',
  '0b11',
  '0o17',
  ' 7',
  '7 ',
  '1_0',
  '+7',
  'Infinity',
  'NaN',
  '-',
  '.',
  '٣',
  '1e',
  '\n7',
];
const reads = (schema: z.ZodType, value: unknown): unknown => {
  const { success, data } = schema.safeParse(value);
  return success ? data : 'refused';
};

describe('numbers in a query', () => {
  it.each([...NO_DECIMALS, '7.0', '1e1', '9'.repeat(16)])('an integer is not %j', (text) => {
    expect(reads(queryInt(-10, 1_000_000, 5), text)).toBe('refused');
  });
  it.each(NO_DECIMALS)('a decimal number is not %j', (text) => {
    expect(reads(queryNumber(-10, 1e12), text)).toBe('refused');
  });
  it.each([...NO_DECIMALS, '-1', '1.0', '1e1', '', '9223372036854775808'])('an id is not %j', (text) => {
    expect(reads(pathInt64(), text)).toBe('refused');
  });
  it('are read in decimal, from text and as numbers', () => {
    const integer = queryInt(-10, 100, 5);
    expect(['7', '-10', '007', 7, '', undefined].map((value) => reads(integer, value))).toEqual([
      7, -10, 7, 7, 5, 5,
    ]);
    expect(['101', '-11', 7.5].map((value) => reads(integer, value))).toEqual([
      'refused',
      'refused',
      'refused',
    ]);
    const number = queryNumber(0, 1e12);
    expect(['7', '7.25', '.5', '5.', '1e3', 7.5, '', undefined].map((value) => reads(number, value))).toEqual(
      [7, 7.25, 0.5, 5, 1_000, 7.5, undefined, undefined],
    );
    expect(reads(pathInt64(), '9223372036854775807')).toBe(9223372036854775807n);
  });
});
