import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createContract } from '@decent-cloud/messages/contracts';
import { actName, crashPointsOf } from '@decent-cloud/messages/process';
import { eventually, sampleOfEach, testSeed, testsAll } from '@decent-cloud/testing';
import { assertBooksBalance } from '../src/books.ts';
import { CrashCustomers, HABITS, type Habit, isLosing } from '../src/crash-customers.ts';
import { type Helper, killAtEach } from '../src/crash-lanes.ts';
import { CrashStage, type Customer, FINAL, WITH_MACHINE } from '../src/crash-stage.ts';
import { LOST_MACHINE_ACTS, RENTAL_ACTS, RENTAL_ACTS_ONCE } from '../src/rental-acts.ts';

/** So many of each kind at the same time. */
const OF_EACH = 2;
const CUSTOMERS: readonly Habit[] = Array.from({ length: OF_EACH }, () => HABITS).flat();
const POINTS = crashPointsOf(RENTAL_ACTS);
/** Passed only when a machine is lost, which takes three quarters of a minute: armed beside the others from the beginning. */
const LOST_POINTS = crashPointsOf(LOST_MACHINE_ACTS).filter((point) => !POINTS.includes(point));
const ALL_POINTS = [...POINTS, ...LOST_POINTS];
/** Those at which `npm run test:all` has killed: it writes them down. */
const KNOWN_FILE = new URL('./killed-at.json', import.meta.url);
const known = new Set<string>(JSON.parse(readFileSync(KNOWN_FILE, 'utf8')));
/** Of each act one point, and all that are new: those of acts that were made or changed. */
const sampled = new Set([
  ...sampleOfEach(
    [...RENTAL_ACTS_ONCE, ...LOST_MACHINE_ACTS].flatMap((act) =>
      crashPointsOf([act]).map((point) => ({ act: actName(act), point })),
    ),
    ({ act }) => act,
    ({ point }) => point,
  ).map(({ point }) => point),
  ...ALL_POINTS.filter((point) => !known.has(point)),
]);
/** `CRASH_POINTS`: somebody looks for what is wrong with some. */
const isKilledAt = (point: string) =>
  process.env.CRASH_POINTS ? point.includes(process.env.CRASH_POINTS) : sampled.has(point);
const KILLED = POINTS.filter(isKilledAt);
const OF_LOST = LOST_POINTS.filter(isKilledAt);
/** What runs beside rentals, with or without them: reconcilers, reports, what lists of people ask. */
const BESIDE = [
  /^accounts:/,
  /^\w+:sweep:/,
  /^agents:event:(observed|progress):/,
  /^agents:req\.agents\.v1\.open-agent-session:/,
  /^provider-agent:journal:(seq|snapshot|event):/,
  /:ask:req\.(accounts\.v1\.names-of-keys|agents\.v1\.pools-online|offerings\.v1\.count-by-pool):/,
  /:ask:req\.(payments\.v1\.rental-payments|contracts\.v1\.living-holds):/,
];
const INSERT = `contracts:${createContract.subject}:before-commit`;
const SWEEP =
  /:sweep:(drive-assignments|repeat-removals|confirm-payments|settle-deadlines|drop-old-holds|send-mails):before-commit$/;
/** Unit and money are asked back only when the contract could not be written. */
const helper: Helper = (point) =>
  /release-(stock|funds)/.test(point)
    ? { id: `for ${point}`, point: INSERT, action: 'fail', times: 8 }
    : undefined;
const LOST_AFTER = '12';
const POINT_MS = 240_000;
/** Twice what is promised: other work on the machine makes it slow, not wrong. What it took is printed. */
const CONVERGED_MS = 120_000;
/** A hold whose contract never came to be ends by itself. */
const HOLDS_ENDED_MS = 150_000;

let stage: CrashStage;
let before = new Set<string>();
let customers: CrashCustomers;
/** The provider goes on until all is over. */
let open = true;
const loops: Promise<void>[] = [];
const refusals = new Map<string, number>();

beforeAll(async () => {
  stage = await CrashStage.start({
    customers: CUSTOMERS.length,
    replicas: 2,
    env: { LOST_AFTER_SECONDS: LOST_AFTER, ALL_LOST_AFTER_SECONDS: LOST_AFTER },
  });
  customers = new CrashCustomers(stage);
  before = stage.control.passes();
}, 180_000);
afterAll(async () => {
  if (customers) customers.isOver = true;
  open = false;
  await Promise.all(loops);
  await stage?.stop();
}, 60_000);

const statusOf = async (id: string) => (await stage.contract(id))?.status ?? 'unknown';
const nothingIsWrong = async () => {
  const faults = await stage.faults();
  if (faults.length > 0) throw new Error(faults.slice(0, 10).join('\n'));
  return true;
};

/** Points of the process that nobody has declared. A request that writes nothing has none. */
function undeclared(): string[] {
  const passed = [...stage.control.passes()].filter((point) => !before.has(point));
  const writes = new Set(passed.map((point) => /^(.*):before-commit/.exec(point)?.[1]));
  const isRead = (point: string) => {
    const act = /^(\w+:req\..*):(after-commit|before-reply|after-reply)$/.exec(point)?.[1];
    return act !== undefined && !writes.has(act);
  };
  const declared = new Set(ALL_POINTS);
  // Transactions that meet are done again.
  const isRepeat = (point: string) => {
    const first = /^(.*:before-commit)-\d+$/.exec(point)?.[1];
    return first !== undefined && declared.has(first);
  };
  return passed.filter(
    (point) =>
      !declared.has(point) && !isRepeat(point) && !isRead(point) && !BESIDE.some((one) => one.test(point)),
  );
}

test('quiet rentals of every kind pass the points of their process: each of them, and no other', async () => {
  const [givesBack, early, without, unwanted] = stage.customers as [Customer, Customer, Customer, Customer];
  await stage.acceptByItself(false);
  const asked = await stage.rent(givesBack);
  await stage.answerRequests(() => true);
  const turnedAway = await stage.rent(unwanted);
  await stage.answerRequests(() => false);
  await stage.acceptByItself(true);
  const byItself = await stage.rent(early);
  const failing = await stage.rent(without, { withoutMachine: true });
  const wanted = { [asked]: 'provisioned', [turnedAway]: 'rejected', [byItself]: 'active' };
  for (const [id, status] of Object.entries({ ...wanted, [failing]: 'provisioningfailed' })) {
    await eventually(async () => (await statusOf(id)) === status, { deadlineMs: 60_000, what: status });
  }
  await stage.cancel(givesBack, asked);
  await stage.cancel(early, byItself);
  stage.control.arm([{ id: 'no contract', point: INSERT, action: 'fail', times: 1 }]);
  await expect(stage.rent(early)).rejects.toThrow();
  await eventually(nothingIsWrong, { deadlineMs: 60_000, everyMs: 200 });
  await eventually(() => POINTS.every((point) => stage.control.passes().has(point)), { deadlineMs: 20_000 });
  expect(undeclared()).toEqual([]);
}, 240_000);

/** Who loses machines stops when there is nothing left to kill: losses take long, and all are waited for in the end. */
const isGoingOn = (habit: Habit) => !customers.isOver && !(isLosing(habit) && leftOf(OF_LOST).length === 0);

/** Points at which nothing was killed yet. */
function leftOf(points: readonly string[]): string[] {
  const hit = new Set(stage.control.hits().map(({ id }) => id));
  return points.filter((point) => !hit.has(point));
}

async function loop(
  what: string,
  everyMs: number,
  goesOn: () => boolean,
  work: () => Promise<void>,
): Promise<void> {
  while (goesOn()) {
    try {
      await work();
    } catch (error) {
      const why = `${what}: ${(error as { reason?: string }).reason ?? (error as Error).message}`;
      refusals.set(why, (refusals.get(why) ?? 0) + 1);
    }
    await sleep(everyMs);
  }
}

/** Rents with each habit of those who lose machines, and has the machines: that takes long while services die. */
async function rentWhatIsLost(): Promise<ReadonlyMap<Customer, string>> {
  const losing = stage.customers.filter((_, index) => isLosing(CUSTOMERS[index] as Habit));
  const rented = losing.map(async (customer) => {
    const id = await customers.rent(customer, CUSTOMERS[stage.customers.indexOf(customer)] as Habit);
    if (id === undefined) throw new Error('there is no room before anything was rented');
    await eventually(async () => WITH_MACHINE.includes(await statusOf(id)), { deadlineMs: 60_000 });
    return [customer, id] as const;
  });
  return new Map(await Promise.all(rented));
}

/** One after the other; the first one may be rented already. */
async function useAlways(customer: Customer, habit: Habit, first: string | undefined): Promise<void> {
  let next = first;
  await loop(
    habit,
    200,
    () => isGoingOn(habit),
    async () => {
      const id = next ?? (await customers.rent(customer, habit));
      next = undefined;
      if (id !== undefined) await customers.use(customer, habit, id);
    },
  );
}

test('kill -9 at every point of every process: all converges without help', async () => {
  const started = Date.now();
  const hitsBefore = stage.control.hits().length;
  const unwanted = new Set(
    stage.customers.filter((_, index) => CUSTOMERS[index] === 'unwanted').map(({ publicKey }) => publicKey),
  );
  const lost = await rentWhatIsLost();
  let byItself = true;
  loops.push(
    ...stage.customers.map((customer, index) =>
      useAlways(customer, CUSTOMERS[index] as Habit, lost.get(customer)),
    ),
    loop(
      'provider',
      250,
      () => open,
      () => stage.answerRequests((key) => !unwanted.has(key)),
    ),
    loop(
      'standing order',
      2_000,
      () => !customers.isOver,
      async () => {
        byItself = !byItself;
        await stage.acceptByItself(byItself);
      },
    ),
  );
  await killAtEach(stage.control, KILLED, {
    helper,
    besides: () => [...OF_LOST, ...[...stage.control.passes()].filter((point) => SWEEP.test(point))],
    deadlineMs: POINT_MS,
  });
  const othersMs = Date.now() - started;
  await killAtEach(stage.control, leftOf(OF_LOST), {
    helper,
    besides: () => [],
    deadlineMs: POINT_MS,
  });
  const lostMs = Date.now() - started - othersMs;
  customers.isOver = true;
  stage.control.arm([]);
  const hits = stage.control.hits().slice(hitsBefore);
  const kills = hits.filter(({ action }) => action === 'kill');
  const lastKillMs = Math.max(...kills.map(({ atMs }) => atMs));
  await eventually(nothingIsWrong, { deadlineMs: CONVERGED_MS, everyMs: 200 });
  open = false;
  await Promise.all(loops);
  const convergedMs = Date.now() - lastKillMs;
  const contracts = await stage.contracts();
  const outcomes = Map.groupBy(contracts, ({ status, paymentStatus }) => `${status}/${paymentStatus}`);
  process.stderr.write(
    [
      `R3: ${KILLED.length + OF_LOST.length} of ${ALL_POINTS.length} points (${testsAll ? 'all' : `seed ${testSeed}`}), ` +
        `${OF_LOST.length} of them of lost machines (${Math.round(lostMs / 1_000)} s for those alone), ` +
        `${kills.length} kills (${kills.filter(({ point }) => SWEEP.test(point)).length} of reconcilers), ` +
        `${Math.round((lastKillMs - started) / 1_000)} s; all converged ${Math.round(convergedMs / 1_000)} s after the last kill`,
      `${contracts.length} rentals: ${[...outcomes].map(([what, all]) => `${all.length} ${what}`).join(', ')}`,
      `not answered or refused: ${[...refusals].map(([what, count]) => `${count} ${what}`).join('; ')}`,
      '',
    ].join('\n'),
  );
  expect(leftOf([...KILLED, ...OF_LOST])).toEqual([]);
  expect(new Set(kills.map(({ pid }) => pid)).size).toBe(kills.length);
  expect(undeclared()).toEqual([]);
  const statuses = new Map(contracts.map(({ contractId, status }) => [contractId, status]));
  const { givenBack } = customers;
  expect([...givenBack].filter((id) => !FINAL.includes(statuses.get(id) ?? ''))).toEqual([]);
  expect(givenBack.size).toBeGreaterThan(0);
  await assertBooksBalance(stage.platform);
}, 1_800_000);

test('what still runs is given back: no machine, no unit, no money is left behind', async () => {
  for (const { contractId, tenantKey, status } of await stage.contracts()) {
    if (FINAL.includes(status)) continue;
    const customer = stage.customers.find(({ publicKey }) => publicKey === tenantKey) as Customer;
    await stage.cancel(customer, contractId);
  }
  await eventually(nothingIsWrong, { deadlineMs: CONVERGED_MS, everyMs: 200 });
  expect(await stage.machines()).toEqual([]);
  await eventually(async () => (await stage.stockFault()) === undefined, {
    deadlineMs: HOLDS_ENDED_MS,
    everyMs: 500,
  });
  expect(await stage.heldUnits()).toBe(0);
  await assertBooksBalance(stage.platform);
  const errors = await stage.platform.errors();
  expect(errors.filter((line) => /unhandled|uncaught|nobody handled/i.test(line))).toEqual([]);
  if (testsAll) writeFileSync(KNOWN_FILE, `${JSON.stringify(ALL_POINTS, null, 2)}\n`);
}, 300_000);
