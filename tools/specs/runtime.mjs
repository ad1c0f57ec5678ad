import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { jestObject } from './jest-object.mjs';
import { loadSources, sourceMaps } from './sources.mjs';

const require = createRequire(import.meta.url);
/** Where jest-circus keeps the listeners of a file. */
const LISTENERS = Symbol.for('EVENT_HANDLERS');

/** What Jest asks to load spec files: here Node's own loader does it. */
export default class NodeRuntime {
  constructor() {
    loadSources();
  }

  /** jest-circus keeps the tests of one file; each file gets it anew. @param {string} path */
  requireInternalModule(path) {
    delete require.cache[path];
    delete (/** @type {Record<symbol, unknown>} */ (globalThis)[LISTENERS]);
    return require(path);
  }

  /** @param {string} path */
  requireModule(path) {
    return require(path);
  }

  unstable_shouldLoadAsEsm() {
    return true;
  }

  /** @param {string} path */
  unstable_importModule(path) {
    return import(pathToFileURL(path).href);
  }

  setGlobalsForRuntime() {
    Object.assign(globalThis, { jest: jestObject });
  }

  getSourceMaps() {
    return sourceMaps;
  }

  getAllCoverageInfoCopy() {
    return undefined;
  }

  // Jest's own builds its modules anew for each file, and must know when its code runs. Nothing to do here.
  enterTestCode() {
    return undefined;
  }
  leaveTestCode() {
    return undefined;
  }
  teardown() {
    return undefined;
  }
}
