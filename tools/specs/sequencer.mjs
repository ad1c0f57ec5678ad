import { default as TestSequencer } from '@jest/test-sequencer';

const FIRST = ['e2e', 'int', 'unit'];

/** What takes longest begins first, so that no worker is left with it at the end: whole journeys, then the larger files. */
export default class LongestFirst extends TestSequencer {
  /** @param {Parameters<TestSequencer['sort']>[0]} tests */
  async sort(tests) {
    const sorted = [...(await super.sort(tests))];
    const rank = (/** @type {(typeof sorted)[number]} */ test) =>
      FIRST.indexOf(test.context.config.displayName?.name ?? '');
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}
