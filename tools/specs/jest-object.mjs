import { createRequire } from 'node:module';

// Parts of Jest itself, in the versions that it uses.
const partOfJest = createRequire(createRequire(import.meta.url).resolve('jest'));
const { ModuleMocker } = partOfJest('jest-mock');
const { ModernFakeTimers } = partOfJest('@jest/fake-timers');

/** Where jest-circus looks for it. */
export const TEST_TIMEOUT = Symbol.for('TEST_TIMEOUT_SYMBOL');

const mocks = new ModuleMocker(globalThis);
const timers = new ModernFakeTimers({ global: globalThis, config: { fakeTimers: {}, rootDir: '' } });
const settings = /** @type {Record<symbol, unknown>} */ (globalThis);

/** The part of `jest` that needs no modules of its own for each file. */
export const jestObject = {
  fn: mocks.fn.bind(mocks),
  spyOn: mocks.spyOn.bind(mocks),
  restoreAllMocks: () => mocks.restoreAllMocks(),
  /** @param {number} milliseconds for each test of the file */
  setTimeout: (milliseconds) => {
    settings[TEST_TIMEOUT] = milliseconds;
  },
  /** @param {object} [options] */
  useFakeTimers: (options) => timers.useFakeTimers(options),
  useRealTimers: () => timers.useRealTimers(),
  /** @param {number} milliseconds */
  advanceTimersByTime: (milliseconds) => timers.advanceTimersByTime(milliseconds),
};

/** What one spec file changed is as it was before it. */
export function restoreJest() {
  mocks.restoreAllMocks();
  mocks.clearAllMocks();
  timers.useRealTimers();
  delete settings[TEST_TIMEOUT];
}
