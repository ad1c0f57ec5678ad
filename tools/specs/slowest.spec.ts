import { join } from 'node:path';
import { ROOT } from '../install/install.mjs';
import { slowestSpecs } from './slowest.mjs';

const file = (name: string, seconds: number) => ({
  name: join(ROOT, name),
  startTime: 1_000,
  endTime: 1_000 + seconds * 1_000,
});

test('the ten slowest, the slowest first; those over the budget of their kind are marked', () => {
  const quick = Array.from({ length: 12 }, (_, index) => file(`libs/x/${index}.spec.ts`, index / 10));
  expect(
    slowestSpecs([
      ...quick,
      file('a/b.int.spec.ts', 30),
      file('a/c.int.spec.ts', 31),
      file('a/d.e2e.spec.ts', 99.96),
      file('a/one-of-each.e2e.spec.ts', 239),
    ]),
  ).toEqual([
    '   239.0 s  a/one-of-each.e2e.spec.ts',
    '   100.0 s  a/d.e2e.spec.ts',
    '    31.0 s  a/c.int.spec.ts  over its 30 s',
    '    30.0 s  a/b.int.spec.ts',
    ...[11, 10, 9, 8, 7, 6].map((index) => `     ${(index / 10).toFixed(1)} s  libs/x/${index}.spec.ts`),
  ]);
});
