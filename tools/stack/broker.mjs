import { statfs } from 'node:fs/promises';

const ANSWER_MS = 3_000;
/** So many looks in a row: one that was late is no dead store. */
const REFUSALS_BEFORE_RESTART = 3;
const LEAST_FREE_BYTES = 64 * 1024 ** 2;
const CALM_MS = 60_000;

/**
 * @typedef {object} BrokerWatchOptions
 * @property {() => Promise<Readiness[]>} readiness what each part of the platform says of itself
 * @property {() => Promise<number>} freeBytes where the broker's streams are
 * @property {() => Promise<void>} restart
 * @property {(line: string) => void} say
 * @property {() => number} [nowMs] of a clock that nobody sets
 *
 * @typedef {{ name: string, checks: Record<string, string> }} Readiness
 */

/**
 * Restarts the broker when its streams take no messages. A store that has met a full disk stays dead until then, though
 * there is room again; while there is none, a restart helps nobody.
 */
export class BrokerWatch {
  #refusals = 0;
  #restartedAtMs = Number.NEGATIVE_INFINITY;
  #saidFull = false;

  /** @param {BrokerWatchOptions} options */
  constructor(options) {
    this.options = options;
  }

  async look() {
    const { readiness, freeBytes, restart, say, nowMs = () => performance.now() } = this.options;
    const refusing = (await readiness()).filter(({ checks }) => isRefused(checks));
    this.#refusals = refusing.length === 0 ? 0 : this.#refusals + 1;
    if (refusing.length === 0) this.#saidFull = false;
    const [first] = refusing;
    if (!first || this.#refusals < REFUSALS_BEFORE_RESTART) return;
    if ((await freeBytes()) < LEAST_FREE_BYTES) {
      if (!this.#saidFull)
        say(`Streams take no messages: the disk is full. ${first.name}: ${first.checks.streams}`);
      this.#saidFull = true;
      return;
    }
    if (nowMs() - this.#restartedAtMs < CALM_MS) return;
    say(
      `Streams take no messages although there is room: restarting NATS. ${first.name}: ${first.checks.streams}`,
    );
    this.#restartedAtMs = nowMs();
    this.#refusals = 0;
    await restart();
  }
}

/** Of a broker that cannot be reached, the streams say nothing. @param {Record<string, string>} checks */
const isRefused = ({ bus, streams }) => bus === 'ok' && streams !== undefined && streams !== 'ok';

/** @param {readonly { name: string, port: number }[]} parts @returns {Promise<Readiness[]>} of those that answer */
export async function readinessOf(parts) {
  const answers = await Promise.all(
    parts.map(async ({ name, port }) => {
      try {
        const reply = await fetch(`http://127.0.0.1:${port}/health/ready`, {
          signal: AbortSignal.timeout(ANSWER_MS),
        });
        const { checks } = /** @type {{ checks?: Record<string, string> }} */ (await reply.json());
        return { name, checks: checks ?? {} };
      } catch {
        // It starts, or is gone: its own supervisor sees to that.
        return undefined;
      }
    }),
  );
  return answers.filter((answer) => answer !== undefined);
}

/** @param {string} folder */
export async function freeBytesOf(folder) {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
