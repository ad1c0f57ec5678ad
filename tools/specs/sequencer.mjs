import { default as TestSequencer } from '@jest/test-sequencer';

const KINDS = ['e2e', 'simulation', 'int', 'unit'];
/** The longest of all. A new one that is long has its place here: a new clone knows no times. */
const LONGEST = [
  'one-of-each.e2e',
  'rental-faults.e2e',
  'mutants',
  'crash.e2e',
  'simulator',
  'two-of-each.e2e',
  'polling.e2e',
];

/** What takes longest begins first, so that no worker is left with it at the end: whole journeys, then the larger files. */
export default class LongestFirst extends TestSequencer {
  /** @param {Parameters<TestSequencer['sort']>[0]} tests */
  async sort(tests) {
    const sorted = [...(await super.sort(tests))];
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}

/** @param {import('@jest/test-result').Test} test */
function rank({ path, context }) {
  const place = LONGEST.findIndex((name) => path.endsWith(`/${name}.spec.ts`));
  return place >= 0 ? place : LONGEST.length + KINDS.indexOf(context.config.displayName?.name ?? '');
}
