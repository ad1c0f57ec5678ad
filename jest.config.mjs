const shared = {
  rootDir: import.meta.dirname,
  // Node itself loads the sources, once for all spec files of a worker; see docs/adr/0035-spec-files-share-modules.md.
  runtime: '<rootDir>/tools/specs/runtime.mjs',
  testEnvironment: '<rootDir>/tools/specs/environment.mjs',
  transform: {},
  modulePathIgnorePatterns: ['<rootDir>/.*/(dist|bundle)/', '<rootDir>/\\.data/', '<rootDir>/\\.nx/'],
};

const servers = {
  globalSetup: '<rootDir>/tools/specs/setup.mjs',
  globalTeardown: '<rootDir>/tools/specs/teardown.mjs',
};

const SIMULATION = 'apps/simulator/src/(simulator|mutants)\\.spec\\.ts$';

/**
 * `unit` and `simulation` need no server, but `simulation` computes for long; `int` gets real Postgres and NATS; `e2e` drives
 * the whole system as processes.
 */
export default {
  // A deadline for specs that wait, not a measure: CI's computers are busy.
  testTimeout: 60_000,
  testSequencer: '<rootDir>/tools/specs/sequencer.mjs',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/{apps,libs,tools}/**/*.spec.ts'],
      testPathIgnorePatterns: ['\\.(int|e2e)\\.spec\\.ts$', SIMULATION, '/node_modules/', '/dist/'],
    },
    { ...shared, displayName: 'simulation', testRegex: [SIMULATION] },
    { ...shared, ...servers, displayName: 'int', testMatch: ['<rootDir>/{apps,libs}/**/*.int.spec.ts'] },
    { ...shared, ...servers, displayName: 'e2e', testMatch: ['<rootDir>/apps/e2e/**/*.e2e.spec.ts'] },
  ],
};
