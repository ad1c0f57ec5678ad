import { relative } from 'node:path';
import { ROOT } from '../install/install.mjs';

/** So many seconds a file may take, by the end of its name. What is over is marked and fails nothing: machines differ. */
const BUDGET_SECONDS = {
  '/one-of-each.e2e.spec.ts': 240,
  '.e2e.spec.ts': 120,
  '.int.spec.ts': 30,
  '/simulator.spec.ts': 60,
  '/mutants.spec.ts': 90,
  '.spec.ts': 10,
};
const SHOWN = 10;

/**
 * The files that took longest, as lines.
 * @param {{ name: string, startTime: number, endTime: number }[]} files as Jest reports them; times in milliseconds
 */
export function slowestSpecs(files) {
  const taken = files.map(({ name, startTime, endTime }) => ({
    name,
    seconds: (endTime - startTime) / 1_000,
  }));
  return taken
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, SHOWN)
    .map(({ name, seconds }) => {
      const budget =
        Object.entries(BUDGET_SECONDS).find(([ending]) => name.endsWith(ending))?.[1] ?? Infinity;
      const mark = seconds > budget ? `  over its ${budget} s` : '';
      return `${seconds.toFixed(1).padStart(8)} s  ${relative(ROOT, name)}${mark}`;
    });
}
