import '@decent-cloud/kernel/needed-node';
import { parseArgs } from 'node:util';
import { MUTANTS } from './mutants.ts';
import { simulate, type WorldReport } from './simulate.ts';
import { Tally } from './tally.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    lives: { type: 'string', default: '10000' },
    mutant: { type: 'string' },
    faults: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
  },
});

const wholeNumber = (text: string, name: string): number => {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`--${name} must be a whole number`);
  return number;
};

if (values.mutants) for (const { name } of MUTANTS) console.log(name);
else process.exitCode = (await run()) ? 0 : 1;

/** False when something was found. */
async function run(): Promise<boolean> {
  const seed = wholeNumber(values.seed, 'seed');
  const lives = wholeNumber(values.lives, 'lives');
  const mutant = MUTANTS.find(({ name }) => name === values.mutant);
  if (values.mutant !== undefined && !mutant) throw new Error(`no mutant "${values.mutant}": see --mutants`);
  const tally = new Tally();
  const started = performance.now();
  let isSound = true;
  for await (const report of simulate(seed, lives, mutant)) {
    tally.add(report);
    if (report.violations.length > 0) {
      isSound = false;
      tellFailure(report);
    }
    if (values.faults) tellSchedule(report);
    if (lives <= report.lives) console.log(`digest ${report.digest}`);
  }
  tellTally(tally, (performance.now() - started) / 1_000);
  return isSound;
}

function tellFailure({ seed, lives, violations }: WorldReport): void {
  console.log(
    `\nseed ${seed}: ${violations.length} found. Again: npm run simulate -- --seed ${seed} --lives ${lives} --faults`,
  );
  for (const { rule, detail } of violations.slice(0, 20)) console.log(`  ${rule}: ${detail}`);
}

function tellSchedule({ log }: WorldReport): void {
  for (const { at, kind, where } of log) {
    console.log(`${(at / 1e6).toFixed(6).padStart(13)} s  ${kind.padEnd(30)} ${where}`);
  }
}

function tellTally(tally: Tally, seconds: number): void {
  const perMinute = Math.round((tally.lives / seconds) * 60);
  console.log(
    `\n${tally.lives} lives in ${tally.worlds} worlds, ${seconds.toFixed(1)} s: ${perMinute} lives a minute`,
  );
  for (const [title, counts] of [
    ['Faults', tally.faults],
    ['Ends', tally.ends],
    ['Seen', tally.sights],
    ['Lies not believed', tally.disbelieved],
    ['Broker', tally.figures],
  ] as const) {
    console.log(`${title}:`);
    for (const [what, count] of [...counts].sort((a, b) => b[1] - a[1])) console.log(`  ${what}: ${count}`);
  }
}
