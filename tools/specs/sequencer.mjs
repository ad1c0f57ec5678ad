import { default as TestSequencer } from '@jest/test-sequencer';

const KINDS = ['e2e', 'int', 'unit'];
/** The longest of the kind with the longest. A new one that is long has its place here: a new clone knows no times. */
const LONGEST = ['one-of-each', 'rental-faults', 'crash', 'two-of-each', 'polling'];

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
  const kind = KINDS.indexOf(context.config.displayName?.name ?? '');
  const place = LONGEST.findIndex((name) => path.endsWith(`/${name}.e2e.spec.ts`));
  return kind * (LONGEST.length + 1) + (place < 0 ? LONGEST.length : place);
}
