import { createHash } from 'node:crypto';
import { check } from './check.ts';
import type { FaultEntry, FaultKind } from './faults.ts';
import type { Mutant } from './mutants.ts';
import type { Violation } from './violation.ts';
import { World } from './world.ts';

export const LIVES_PER_WORLD = 60;

export interface WorldReport {
  readonly seed: number;
  readonly lives: number;
  readonly violations: readonly Violation[];
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly log: readonly FaultEntry[];
  readonly ends: ReadonlyMap<string, number>;
  readonly figures: Readonly<Record<string, number>>;
  /** What proves that the storm was one. */
  readonly sights: ReadonlyMap<string, number>;
  readonly disbelieved: ReadonlyMap<string, number>;
  readonly performed: ReadonlySet<string>;
  readonly crashedDoing: ReadonlySet<string>;
  readonly redelivered: ReadonlySet<string>;
  readonly said: ReadonlySet<string>;
  /** Of the faults and of everything that is left at the end. */
  readonly digest: string;
}

/** One world, from its first rental to the check at its end. The seed decides everything. */
export async function simulateWorld(seed: number, lives: number, mutant?: Mutant): Promise<WorldReport> {
  const world = new World({ seed, lives, mutant });
  await world.run();
  const { faults, kernel, broker } = world;
  const ends = new Map<string, number>();
  for (const { status, endReason } of world.contracts.rows.contracts.values()) {
    const end = endReason === null ? status : `${status} ${endReason}`;
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  for (const { created } of world.lives) {
    if (created.kind === 'ok') continue;
    const end = created.kind === 'refused' ? `refused ${created.reason}` : created.kind;
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  return {
    seed,
    lives,
    violations: check(world),
    faults: faults.counts,
    log: faults.log,
    ends,
    figures: { ...broker.figures, events: kernel.events },
    sights: world.recorder.sights,
    disbelieved: world.agents.disbelieved,
    performed: kernel.performed,
    crashedDoing: faults.crashedDoing,
    redelivered: world.redelivered,
    said: world.recorder.saidSubjects,
    digest: digestOf(world),
  };
}

function digestOf(world: World): string {
  const hash = createHash('sha256');
  const add = (value: unknown) =>
    hash.update(JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? `${member}n` : member)));
  add(world.faults.log);
  add([...world.contracts.rows.contracts.values()]);
  add([...world.payments.rows.balances.values()]);
  add(world.machineAgents.map(({ backend }) => [...backend.machines.values()]));
  add(world.kernel.events);
  return hash.digest('hex');
}

/** Worlds with the seeds `seed`, `seed + 1`, … until there were so many lives. */
export async function* simulate(seed: number, lives: number, mutant?: Mutant): AsyncGenerator<WorldReport> {
  for (let left = lives, next = seed; left > 0; left -= LIVES_PER_WORLD, next++) {
    yield await simulateWorld(next, Math.min(left, LIVES_PER_WORLD), mutant);
  }
}
