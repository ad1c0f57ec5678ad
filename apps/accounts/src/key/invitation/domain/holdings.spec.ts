import { assertOwnsNothing } from './holdings.ts';

test('a key that owns nothing may join; of any other is said what it owns', () => {
  expect(() => assertOwnsNothing([])).not.toThrow();
  expect(() => assertOwnsNothing([{ what: 'offerings', count: 0 }])).not.toThrow();
  expect(() =>
    assertOwnsNothing([
      { what: 'offerings', count: 2 },
      { what: 'contracts', count: 0 },
      { what: 'pools', count: 1 },
    ]),
  ).toThrow(/things of its own: offerings \(2\), pools \(1\)\./);
});
