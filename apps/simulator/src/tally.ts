import type { FaultKind } from './faults.ts';
import type { WorldReport } from './simulate.ts';

/** What many worlds have been through, added up. */
export class Tally {
  lives = 0;
  worlds = 0;
  readonly faults = new Map<FaultKind, number>();
  readonly ends = new Map<string, number>();
  readonly sights = new Map<string, number>();
  readonly figures = new Map<string, number>();
  readonly disbelieved = new Map<string, number>();
  readonly performed = new Set<string>();
  readonly crashedDoing = new Set<string>();
  readonly redelivered = new Set<string>();
  readonly said = new Set<string>();

  add(report: WorldReport): void {
    this.lives += report.lives;
    this.worlds++;
    addAll(this.faults, report.faults);
    addAll(this.ends, report.ends);
    addAll(this.sights, report.sights);
    addAll(this.disbelieved, report.disbelieved);
    addAll(this.figures, new Map(Object.entries(report.figures)));
    for (const name of ['performed', 'crashedDoing', 'redelivered', 'said'] as const) {
      for (const one of report[name]) this[name].add(one);
    }
  }
}

function addAll<K>(sums: Map<K, number>, more: ReadonlyMap<K, number>): void {
  for (const [key, count] of more) sums.set(key, (sums.get(key) ?? 0) + count);
}
