import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChildLog } from './child-log.mjs';

const GUARD = resolve(import.meta.dirname, '../../libs/testing/guard.sh');
const BACK_OFF_SECONDS = [1, 2, 5, 10];
const CALM_MS = 60_000;
const LOG_LIMIT_BYTES = 20 * 1024 ** 2;
const GRACE_MS = 10_000;
const ECHOED_PER_MINUTE = 30;
const PINO_ERROR = 50;

/**
 * @typedef {object} ChildOptions
 * @property {string} name
 * @property {string} command
 * @property {string[]} args
 * @property {NodeJS.ProcessEnv} env
 * @property {string} logFolder
 * @property {(line: string) => void} say
 * @property {string} [cwd]
 * @property {readonly number[]} [backOffSeconds] waits before it is started again, one for each death in a row
 */

/** A process that is started again when it dies, cannot outlive this one, and writes its log to a file. */
export class Child {
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #guard;
  #pid = 0;
  #stopping = false;
  #deaths = 0;
  /** Which start this is: a wait for an earlier one must not start a second process. */
  #run = 0;
  #startedAt = 0;
  #echoed = { minute: 0, lines: 0 };
  /** @type {Promise<void>} */
  #ended = Promise.resolve();
  /** @type {string[]} */
  lastLines = [];

  /** @param {ChildOptions} options */
  constructor(options) {
    this.options = options;
    this.log = new ChildLog(join(options.logFolder, `${options.name}.log`), {
      limitBytes: LOG_LIMIT_BYTES,
      onError: (error) => options.say(`the log of ${options.name} cannot be written: ${error.message}`),
    });
  }

  get name() {
    return this.options.name;
  }
  get pid() {
    return this.#pid;
  }
  /** How often it has died in a row, by itself and soon after its start. */
  get deaths() {
    return this.#deaths;
  }
  get isRunning() {
    return this.#guard !== undefined;
  }

  start() {
    const { command, args, env, cwd, name, say } = this.options;
    const run = ++this.#run;
    this.#stopping = false;
    this.#startedAt = performance.now();
    this.#pid = 0;
    const guard = spawn('/bin/sh', [GUARD, 'TERM', command, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      env,
      cwd,
    });
    this.#guard = guard;
    guard.stdin.on('error', () => undefined);
    this.#read(guard.stdout);
    this.#read(guard.stderr);
    this.#ended = new Promise((done) => {
      guard.once('error', (error) => say(`${name} cannot be started: ${error.message}`));
      guard.once('exit', async (code) => {
        this.#guard = undefined;
        this.#pid = 0;
        done();
        if (!this.#stopping) await this.#again(code, run);
      });
    });
  }

  /** @param {number | null} code @param {number} run */
  async #again(code, run) {
    if (performance.now() - this.#startedAt > CALM_MS) this.#deaths = 0;
    const waits = this.options.backOffSeconds ?? BACK_OFF_SECONDS;
    const waitSeconds = waits[Math.min(this.#deaths++, waits.length - 1)] ?? 10;
    const how = code !== null && code > 128 ? `was ended by signal ${code - 128}` : `ended with code ${code}`;
    this.options.say(`${this.name} ${how}; starting it again in ${waitSeconds} s`);
    await sleep(waitSeconds * 1_000);
    if (!this.#stopping && this.#run === run) this.start();
  }

  /** SIGTERM, after 10 s SIGKILL. Does not come back. */
  async stop(graceMs = GRACE_MS) {
    this.#stopping = true;
    const guard = this.#guard;
    if (!guard) return;
    this.#signal('SIGTERM');
    const late = setTimeout(() => {
      this.options.say(`${this.name} does not end; killing it`);
      this.#signal('SIGKILL');
    }, graceMs);
    await this.#ended;
    clearTimeout(late);
  }

  /** Runs it to its end, once. @param {number} deadlineMs @returns {Promise<boolean>} whether it went well */
  async runOnce(deadlineMs) {
    this.start();
    this.#stopping = true;
    const guard = this.#guard;
    /** @type {Promise<number | null>} */
    const code = new Promise((done) => guard?.once('exit', done));
    const late = setTimeout(() => this.#signal('SIGKILL'), deadlineMs);
    const ended = await code;
    clearTimeout(late);
    return ended === 0;
  }

  async restart() {
    await this.stop();
    this.#deaths = 0;
    this.start();
  }

  /** @param {NodeJS.Signals} signal */
  #signal(signal) {
    try {
      if (this.#pid > 1) process.kill(this.#pid, signal);
      else this.#guard?.stdin?.end();
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
    }
  }

  /** @param {import('node:stream').Readable} stream */
  #read(stream) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (/** @type {string} */ chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#take(line);
    });
    stream.on('end', () => {
      if (rest) this.#take(rest);
    });
  }

  /** @param {string} line */
  #take(line) {
    const pid = this.#pid ? undefined : /^guard-pid (\d+)$/.exec(line)?.[1];
    if (pid) {
      this.#pid = Number(pid);
      return;
    }
    this.log.write(line);
    this.lastLines.push(line);
    if (this.lastLines.length > 30) this.lastLines.shift();
    const error = errorOf(line);
    if (error && !this.#stopping && this.#mayEcho()) this.options.say(`${this.name}: ${error}`);
  }

  #mayEcho() {
    const minute = Math.floor(Date.now() / 60_000);
    if (this.#echoed.minute !== minute) this.#echoed = { minute, lines: 0 };
    return this.#echoed.lines++ < ECHOED_PER_MINUTE;
  }
}

/** What a log line says when it is an error; nothing otherwise. @param {string} line */
function errorOf(line) {
  if (!line.startsWith('{')) return /\[(ERR|FTL)\]|\bError\b/.test(line) ? line : undefined;
  try {
    const entry = JSON.parse(line);
    if (!(entry.level >= PINO_ERROR)) return undefined;
    return [entry.message, entry.error?.message].filter(Boolean).join(': ');
  } catch {
    return line;
  }
}
