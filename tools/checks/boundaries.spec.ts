import { MAY_USE } from '../boundaries.mjs';
import { SmallTree } from './small-tree.ts';

const tree = new SmallTree();

test('every project needs its tags and its line in the table', async () => {
  await tree.project('libs', 'kernel', ['type:lib', '*']);
  await tree.put('libs/unheard-of/src/a.ts', '');
  expect(tree.breaches().sort()).toEqual([
    'libs/kernel/project.json: tags must be type:lib and scope:kernel',
    'libs/unheard-of/project.json: is missing; it must name the tags',
    'libs/unheard-of: has no line in MAY_USE of tools/boundaries.mjs',
  ]);
});

test('the table has no wildcard, no app in it, and no circle', () => {
  const visit = (name: string, path: readonly string[]) => {
    expect(path).not.toContain(name);
    for (const used of MAY_USE[name] ?? []) visit(used, [...path, name]);
  };
  for (const [name, used] of Object.entries(MAY_USE)) {
    expect(used.some((lib) => lib.includes('*'))).toBe(false);
    visit(name, []);
  }
});
