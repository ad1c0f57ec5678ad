import './install/needed-node.mjs';
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

/** Run from its sources, on a thread each. */
const FORGERIES = new URL('../apps/gateway/test/forgery-worker.ts', import.meta.url);

/**
 * `npm run fuzz:signatures [-- --count 1000000 --seed 7 --workers 2]`: forged signatures, keys and bodies for both
 * verifiers of the gateway, on all cores. Says its seed; ends with 1 when one was accepted or they disagreed.
 */
await main();

async function main() {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: String(randomInt(2 ** 31)) },
      workers: { type: 'string', default: String(availableParallelism()) },
    },
  });
  const [count, seed, workers] = [whole(values.count), whole(values.seed), whole(values.workers) || 1];
  console.log(`seed ${seed}: ${count} forgeries on ${workers} workers`);
  const started = performance.now();
  const share = Math.ceil(count / workers);
  const all = await Promise.all(
    Array.from({ length: workers }, (_, index) =>
      judged({
        seed: seed + index,
        count: Math.max(0, Math.min(share, count - index * share)),
      }),
    ),
  );
  const sum = (/** @type {(one: any) => number} */ of) => all.reduce((total, one) => total + of(one), 0);
  const seconds = (performance.now() - started) / 1_000;
  console.log(
    `${sum((one) => one.compared)} forgeries in ${seconds.toFixed(1)} s; ${sum((one) => one.verified)} came past the check of the key`,
  );
  for (const name of Object.keys(all[0].byChange))
    console.log(`  ${String(sum((one) => one.byChange[name])).padStart(8)}  ${name}`);
  const found = /** @type {const} */ (['accepted', 'disagreements', 'refusedHonest']).map((what) => {
    const list = all.flatMap((one) => one[what]);
    for (const one of list.slice(0, 5)) console.log(`${what}: ${one}`);
    return list.length;
  });
  console.log(
    `accepted ${found[0]}, disagreements ${found[1]}; honest ones: ${sum((one) => one.honest)}, of them refused ${found[2]}`,
  );
  if (found.some((many) => many > 0)) {
    console.error(
      `repeat it with: npm run fuzz:signatures -- --seed ${seed} --count ${count} --workers ${workers}`,
    );
    process.exit(1);
  }
}

/** @param {string} text */
function whole(text) {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  console.error(`not a whole number: ${text}`);
  process.exit(2);
}

/** @param {{ seed: number, count: number }} task @returns {Promise<any>} */
function judged(task) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(FORGERIES, {
      workerData: task,
      argv: [],
      execArgv: [
        '--conditions=source',
        '--experimental-transform-types',
        '--disable-warning=ExperimentalWarning',
      ],
    });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a worker ended with ${code}`)));
  });
}
