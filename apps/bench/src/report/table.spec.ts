import { type Result, verdictOf } from './result.ts';
import { printNumber, printTable } from './table.ts';

const relay: Result = {
  bar: 'P7',
  name: 'outbox relay',
  measured: { value: 4_321.4, unit: 'msg/s' },
  yardstick: { what: 'publish', value: 6_000, unit: 'msg/s' },
  ratio: 0.72,
  limit: { atLeast: 0.65 },
  note: 'batches of 500',
};
const latency: Result = { bar: undefined, name: 'paid to agent', measured: { value: 12.34, unit: 'ms' } };

test('a table has one line for each result, in columns, and the notes below', () => {
  expect(printTable([relay, latency])).toBe(
    [
      'bar  what              measured  yardstick (same run)  ratio     limit  verdict',
      '---  -------------  -----------  --------------------  -----  --------  -------',
      'P7   outbox relay   4,321 msg/s  publish: 6,000 msg/s  0.720  >= 0.650  pass',
      '-    paid to agent      12.3 ms  -                         -         -  -',
      '',
      '  P7 outbox relay: batches of 500',
    ].join('\n'),
  );
});

test('numbers keep three digits', () => {
  expect([0, 0.0123, 0.6789, 1.234, 12.34, 123.4, 1_234_567].map(printNumber)).toEqual([
    '0.00',
    '0.012',
    '0.679',
    '1.23',
    '12.3',
    '123',
    '1,234,567',
  ]);
  expect(printNumber(Number.NaN)).toBe('NaN');
});

describe('a verdict', () => {
  test('holds the ratio against the limit, the limit itself included', () => {
    expect(verdictOf({ ...relay, ratio: 0.65 })).toBe('pass');
    expect(verdictOf({ ...relay, ratio: 0.649 })).toBe('miss');
    expect(verdictOf({ ...relay, ratio: 1.15, limit: { atMost: 1.15 } })).toBe('pass');
    expect(verdictOf({ ...relay, ratio: 1.16, limit: { atMost: 1.15 } })).toBe('miss');
  });

  test('takes the measured value where there is no ratio', () => {
    expect(verdictOf({ ...latency, limit: { atMost: 10 } })).toBe('miss');
    expect(verdictOf({ ...latency, limit: { atMost: 20 } })).toBe('pass');
  });

  test('is none without a limit, and never good for what is no number', () => {
    expect(verdictOf(latency)).toBe('-');
    expect(verdictOf({ ...relay, ratio: Number.NaN })).toBe('miss');
    expect(verdictOf({ ...relay, ratio: Number.NaN, limit: { atMost: 1 } })).toBe('miss');
  });
});
