import { z } from 'zod';
import { StoredJson } from './stored-json.ts';

const first = z.object({ name: z.string() }).transform(({ name }) => ({ name, places: 1n }));
const second = z.object({ name: z.string(), places: z.union([z.bigint(), z.int()]).transform(BigInt) });
const stored = new StoredJson<{ name: string; places: bigint }>('a table', [first, second]);

test('every version is read as what it is now', () => {
  expect(stored.read({ name: 'a' })).toEqual({ name: 'a', places: 1n });
  expect(stored.read({ v: 0, name: 'a' })).toEqual({ name: 'a', places: 1n });
  expect(stored.read({ v: 1, name: 'a', places: 2 })).toEqual({ name: 'a', places: 2n });
});

test('the newest version is written, with exact integers', () => {
  expect(stored.write({ name: 'a', places: 2n ** 60n })).toBe(
    '{"v":1,"name":"a","places":1152921504606846976}',
  );
});

test.each([
  ['a version of a newer program', { v: 2, name: 'a' }, 'stored in version 2; this program reads 0 to 1'],
  ['no number of a version', { v: 'x', name: 'a' }, 'stored in version NaN'],
  ['not what its version says', { v: 1, name: 'a' }, 'stored in version 1 and cannot be read'],
  ['no object', null, 'stored in version 0 and cannot be read'],
])('%s is not read', (_, kept, why) => {
  expect(() => stored.read(kept)).toThrow(why);
});

test('what could not be read again is not written', () => {
  expect(() => stored.write({ name: 'a' } as never)).toThrow('cannot be read');
});
