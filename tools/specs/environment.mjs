import { restoreJest } from './jest-object.mjs';

/**
 * Spec files run in the worker process itself, not in a context of their own: what they load is loaded once for all of
 * them. What a file changes of the process is set back after it.
 */
export default class ProcessEnvironment {
  global = globalThis;
  fakeTimers = null;
  fakeTimersModern = null;
  moduleMocker = null;
  #env = { ...process.env };
  #cwd = process.cwd();
  #console = globalThis.console;
  #exit = process.exit;

  exportConditions() {
    return ['source', 'node', 'node-addons'];
  }

  getVmContext() {
    return null;
  }

  async setup() {
    return undefined;
  }

  async teardown() {
    restoreJest();
    globalThis.console = this.#console;
    process.exit = this.#exit;
    process.chdir(this.#cwd);
    for (const name of Object.keys(process.env)) if (!(name in this.#env)) delete process.env[name];
    Object.assign(process.env, this.#env);
  }
}
