import { link, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Advice } from '../install/install.mjs';
import { readJsonFile, writeJsonFile } from '../json-file.mjs';
import { commandOf } from '../servers/command-of.mjs';

const GRACE_MS = 10_000;
/** Also where the program was before: that one may still run when the files below it are exchanged. */
const STACK = /tools\/(stack\/)?stack\.mjs/;
const SECOND_ONE =
  'A second one runs with its own data: DC_DATA_DIR=.data2 API_SERVER_PORT=60011 DC_MACHINE_PORTS=23000-23999 npm start';

/** Which processes are ours: so that the next start can end what a killed one left. */
export class PidFile {
  /** @param {string} dataDir */
  constructor(dataDir) {
    this.file = join(dataDir, 'stack.json');
    /** @type {Promise<void>} */
    this.writing = Promise.resolve();
    /** False until this process has written it: then it may be another's. */
    this.isOurs = false;
  }

  /**
   * Ends processes of an earlier run. Only those whose command line is still the one that was started.
   * @param {(line: string) => void} say
   */
  async endStale(say) {
    /** @type {{ stack: number, children: { name: string, pid: number, match: string }[] } | undefined} */
    const before = await readJsonFile(this.file, undefined);
    if (!before) return rm(this.file, { force: true });
    if (before.stack !== process.pid && STACK.test((await commandOf(before.stack)) ?? '')) {
      throw new Advice(
        `The platform is already running here (process ${before.stack}).\n` +
          `Stop it with Ctrl-C in its terminal or \`kill ${before.stack}\`. ${SECOND_ONE}`,
      );
    }
    for (const { name, pid, match } of before.children) {
      const isOurs = async () => (await commandOf(pid))?.includes(match) === true;
      if (!(await isOurs())) continue;
      say(`An earlier run left ${name} (process ${pid}); ending it`);
      const until = Date.now() + GRACE_MS;
      signal(pid, 'SIGTERM');
      while ((await isOurs()) && Date.now() < until) await sleep(50);
      if (await isOurs()) signal(pid, 'SIGKILL');
    }
    // Another start may have taken the data meanwhile.
    if ((await readJsonFile(this.file, before)).stack === before.stack) await rm(this.file, { force: true });
  }

  /** Takes the data for this process: of two that start in the same moment, one. */
  async take() {
    const own = `${this.file}.${process.pid}`;
    await writeJsonFile(own, { stack: process.pid, children: [] }, 0o600);
    try {
      await link(own, this.file);
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
      throw new Advice(`Another start on the same data was faster. ${SECOND_ONE}`);
    } finally {
      await rm(own, { force: true });
    }
    this.isOurs = true;
  }

  /** @param {{ name: string, pid: number, match: string }[]} children */
  write(children) {
    this.isOurs = true;
    const write = () => writeJsonFile(this.file, { stack: process.pid, children }, 0o600);
    // One that failed (full disk) must not keep the next ones from being written.
    this.writing = this.writing.then(write, write);
    return this.writing;
  }

  async remove() {
    await this.writing.catch(() => undefined);
    await rm(this.file, { force: true });
  }
}

/** @param {number} pid @param {NodeJS.Signals} name */
function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}
