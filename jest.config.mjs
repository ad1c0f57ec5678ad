import { readFileSync } from 'node:fs';

// The build's own compiler options, but imports keep their .ts endings: Jest runs the sources.
const swcOptions = JSON.parse(readFileSync(new URL('.swcrc', import.meta.url), 'utf8'));
delete swcOptions.$schema;
delete swcOptions.jsc.rewriteRelativeImportExtensions;
const swc = ['@swc/jest', { ...swcOptions, swcrc: false, sourceMaps: 'inline' }];
const shared = {
  rootDir: import.meta.dirname,
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  transform: { '^.+\\.ts$': swc },
  modulePathIgnorePatterns: ['<rootDir>/.*/(dist|bundle)/', '<rootDir>/\\.data/', '<rootDir>/\\.nx/'],
};

const servers = {
  globalSetup: '<rootDir>/tools/jest-int-setup.mjs',
  globalTeardown: '<rootDir>/tools/jest-int-teardown.mjs',
};

/** `unit` needs no server; `int` gets real Postgres and NATS; `e2e` drives the whole system as processes. */
export default {
  // A deadline for specs that wait, not a measure: CI's computers are busy.
  testTimeout: 30_000,
  testSequencer: '<rootDir>/tools/jest-sequencer.mjs',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/{apps,libs,tools}/**/*.spec.ts'],
      testPathIgnorePatterns: ['\\.(int|e2e)\\.spec\\.ts$', '/node_modules/', '/dist/'],
    },
    { ...shared, ...servers, displayName: 'int', testMatch: ['<rootDir>/{apps,libs}/**/*.int.spec.ts'] },
    { ...shared, ...servers, displayName: 'e2e', testMatch: ['<rootDir>/apps/e2e/**/*.e2e.spec.ts'] },
  ],
};
