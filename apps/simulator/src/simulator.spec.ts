import { FAULT_KINDS } from './faults.ts';
import { simulatedActs } from './process.ts';
import { LIVES_PER_WORLD, simulate, simulateWorld } from './simulate.ts';
import { Tally } from './tally.ts';

const SEED = 1;
const LIVES = 3_000;
const AGAIN = (seed: number) => `npm run simulate -- --seed ${seed} --lives ${LIVES_PER_WORLD} --faults`;
const PATIENCE_MS = 300_000;

describe('thousands of rentals while everything goes wrong', () => {
  const tally = new Tally();
  const found: string[] = [];

  beforeAll(async () => {
    for await (const report of simulate(SEED, LIVES)) {
      tally.add(report);
      for (const { rule, detail } of report.violations)
        found.push(`${AGAIN(report.seed)}: ${rule}: ${detail}`);
    }
  }, PATIENCE_MS);

  it('nothing is lost, stuck, doubled, paid twice or left over', () => {
    expect(found).toEqual([]);
    expect(tally.lives).toBe(LIVES);
  });

  it.each(FAULT_KINDS)('it did go wrong: %s', (kind) => {
    expect(tally.faults.get(kind) ?? 0).toBeGreaterThan(20);
  });

  it('duplicates, late events, forgeries and called off work did happen', () => {
    const of = (name: string) => tally.figures.get(name) ?? 0;
    expect(of('deliveries')).toBeGreaterThan(of('messages') * 1.1);
    expect(of('recognisedDuplicates')).toBeGreaterThan(1_000);
    expect(of('storedTwice')).toBeGreaterThan(500);
    for (const sight of [
      'event of an old generation',
      'event about a machine that is to go',
      'command that is stale',
      'creation called off',
      'machine found by its marks',
      'charge that overtook the end',
      'machine started again',
      'machine made again',
    ]) {
      expect([sight, (tally.sights.get(sight) ?? 0) > 5]).toEqual([sight, true]);
    }
    for (const why of ['forged', 'foreign-machine']) {
      expect([why, (tally.disbelieved.get(why) ?? 0) > 500]).toEqual([why, true]);
    }
  });

  it.each([
    'active',
    'expired TERM_ENDED',
    'expired RESPONSE_TIMEOUT',
    'cancelled CANCELLED_BY_TENANT',
    'refused INSUFFICIENT_BALANCE',
    'rejected REJECTED_BY_PROVIDER',
    'cancelled MACHINE_LOST',
    'provisioningfailed PROVISIONING_FAILED',
    'provisioningfailed PROVISIONING_TIMEOUT',
    'provisioningfailed NO_AGENT_AVAILABLE',
    'refused OUT_OF_STOCK',
  ])('some rentals end so: %s', (end) => {
    expect(tally.ends.get(end) ?? 0).toBeGreaterThan(0);
  });

  it('every act of the declared process was done, and died in the middle', () => {
    const doings = simulatedActs.map(({ doing }) => doing);
    expect(doings.filter((doing) => !tally.performed.has(doing))).toEqual([]);
    expect(doings.filter((doing) => !tally.crashedDoing.has(doing))).toEqual([]);
  });

  it('every fact, command and event of it was said, and came again', () => {
    const said = new Set(simulatedActs.flatMap(({ says }) => says));
    expect([...said].filter((what) => !tally.said.has(what))).toEqual([]);
    const delivered = simulatedActs.filter(({ isDelivered }) => isDelivered).map(({ doing }) => doing);
    expect(delivered.filter((doing) => !tally.redelivered.has(doing))).toEqual([]);
  });
});

test('a seed is a schedule of faults and an end', async () => {
  const once = await simulateWorld(7, 20);
  const again = await simulateWorld(7, 20);
  const other = await simulateWorld(8, 20);
  expect(once.log.length).toBeGreaterThan(10);
  expect(again.log).toEqual(once.log);
  expect(again.digest).toBe(once.digest);
  expect(other.digest).not.toBe(once.digest);
});
