import { isWanted, readOptions } from './options.ts';

test('words choose, options change', () => {
  expect(readOptions([])).toEqual({
    wanted: [],
    json: false,
    million: false,
    list: false,
    help: false,
  });
  expect(readOptions(['P3', '--json', 'Search', '--million'])).toEqual({
    wanted: ['p3', 'search'],
    json: true,
    million: true,
    list: false,
    help: false,
  });
  expect(readOptions(['--help']).help).toBe(true);
  expect(() => readOptions(['--jsom'])).toThrow(/jsom/);
});

test('a bar is meant whole, a word in a name in part', () => {
  const search = { bar: 'P14', name: 'search page, no filter' };
  expect(isWanted([], search)).toBe(true);
  expect(isWanted(['p14'], search)).toBe(true);
  expect(isWanted(['p1'], search)).toBe(false);
  expect(isWanted(['no filter'], search)).toBe(true);
  expect(isWanted(['p1', 'SEARCH'.toLowerCase()], search)).toBe(true);
  expect(isWanted(['relay'], search)).toBe(false);
  expect(isWanted(['p14'], { bar: undefined, name: 'P14 by name only' })).toBe(false);
});
