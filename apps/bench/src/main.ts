import '@decent-cloud/kernel/needed-node';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { Bench, type Case } from './bench.ts';
import { busHop } from './cases/bus-hop.ts';
import { gateway } from './cases/gateway.ts';
import { live } from './cases/live.ts';
import { million } from './cases/million.ts';
import { operations } from './cases/operations.ts';
import { commitToConsumer, outboxRelay } from './cases/outbox.ts';
import { rentals } from './cases/rentals.ts';
import { startUp } from './cases/start-up.ts';
import { transition } from './cases/transition.ts';
import { verify } from './cases/verify.ts';
import { assertCpuIsKnown } from './load/cpu.ts';
import { type BenchOptions, isWanted, readOptions, USAGE } from './options.ts';
import { type Result, verdictOf } from './report/result.ts';
import { printTable } from './report/table.ts';

const options = optionsOrEnd();
const CASES: readonly Case[] = [
  verify,
  busHop,
  outboxRelay,
  commitToConsumer,
  transition,
  startUp,
  gateway,
  rentals,
  live,
  operations,
  ...(options.million ? [million] : []),
];
const started = performance.now();
const say = (line: string): void =>
  console.error(`${((performance.now() - started) / 1_000).toFixed(1).padStart(6)} s  ${line}`);
const load = (): string =>
  loadavg()
    .map((value) => value.toFixed(2))
    .join(' ');

const chosen = CASES.filter(({ lines }) => lines.some((line) => isWanted(options.wanted, line)));
if (options.help) console.log(USAGE);
else if (options.list || chosen.length === 0) {
  for (const { bar, name } of CASES.flatMap(({ lines }) => lines))
    console.log(`${(bar ?? '').padEnd(4)} ${name}`);
  if (chosen.length === 0) {
    console.error(`nothing is called that\n${USAGE}`);
    process.exitCode = 2;
  }
} else await runAll();

function optionsOrEnd(): BenchOptions {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    process.exit(2);
  }
}

async function runAll(): Promise<void> {
  assertCpuIsKnown();
  const bench = new Bench(options, say);
  let interrupted = false;
  const results: Result[] = [];
  const end = (): void => {
    if (interrupted) return;
    interrupted = true;
    say('interrupted: ending what was started');
    void bench.end().finally(() => {
      if (results.length > 0 && !options.json)
        console.log(`\n${printTable(results)}\n\ninterrupted: not everything`);
      process.exit(130);
    });
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  // Whoever started this is gone: nobody reads the table any more.
  process.once('disconnect', end);
  const loadBefore = load();
  const failed: string[] = [];
  for (const { lines, run } of chosen) {
    const what = lines[0]?.name ?? '';
    say(
      `${what}${lines.length > 1 ? ` and ${lines.length - 1} more` : ''} (load ${loadavg()[0]?.toFixed(2)})`,
    );
    try {
      results.push(...(await run(bench)).filter((result) => isWanted(options.wanted, result)));
    } catch (error) {
      if (interrupted) return;
      failed.push(what);
      console.error(error);
    }
    if (interrupted) return;
    await bench.endCase();
  }
  if (interrupted) return;
  await bench.end();
  const machine = {
    cpus: availableParallelism(),
    model: cpus()[0]?.model ?? 'unknown',
    node: process.version,
    loadBefore,
    loadAfter: load(),
    seconds: Math.round((performance.now() - started) / 1_000),
  };
  if (options.json) {
    const withVerdicts = results.map((result) => ({ ...result, verdict: verdictOf(result) }));
    console.log(JSON.stringify({ machine, results: withVerdicts, failed }, null, 2));
  } else {
    console.log(`\n${printTable(results)}\n`);
    console.log(
      `${machine.cpus} CPUs (${machine.model}), Node ${machine.node}, load average ${loadBefore} before and ${machine.loadAfter} after, ${machine.seconds} s`,
    );
    for (const what of failed) console.log(`FAILED: ${what} (see above)`);
  }
  process.exit(failed.length === 0 ? 0 : 1);
}
