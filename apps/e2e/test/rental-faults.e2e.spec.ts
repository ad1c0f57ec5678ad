import type { ArmedPoint } from '@decent-cloud/kernel/crash-file';
import { actName, rentalProcess, repeatPointOf } from '@decent-cloud/messages/process';
import { releaseFunds, releaseStock } from '@decent-cloud/messages/requests';
import { eventually, sampleOfEach, testSeed, testsAll } from '@decent-cloud/testing';
import { assertBooksBalance } from '../src/books.ts';
import { CrashStage, type Customer, FINAL, WITH_MACHINE } from '../src/crash-stage.ts';
import { ALL_CASES, ALL_FOREIGN, FORWARD, INSERT, OUTCOMES, UNDO } from '../src/fault-cases.ts';
import { RENTAL_ACTS_ONCE as ACTS } from '../src/rental-acts.ts';
import { type RentalStory, storyOf, toldOfTheEnd, withoutOvertaken } from '../src/rental-story.ts';

const CALM_MS = 90_000;

let stage: CrashStage;
let customer: Customer;

beforeAll(async () => {
  stage = await CrashStage.start({
    customers: 1,
    timeoutMs: 20_000,
    env: {
      REQUESTED_TIMEOUT_SECONDS: '8',
      PENDING_TIMEOUT_SECONDS: '8',
      PROVISIONING_TIMEOUT_SECONDS: '12',
      AGENT_WAIT_SECONDS: '9',
      TIMEOUT_SCAN_SECONDS: '1',
    },
  });
  customer = stage.customers[0] as Customer;
}, 180_000);
afterAll(() => stage?.stop(), 60_000);

const print = (line: string) => process.stderr.write(`${line}\n`);
const arm = (armed: readonly ArmedPoint[]) => stage.control.arm(armed);
const repeat = (point: string): ArmedPoint => ({ id: `twice ${point}`, point, action: 'repeat' });
const wasHit = (id: string) => stage.control.hits().some((hit) => hit.id === id);
const statusOf = async (id: string) => (await stage.contract(id))?.status ?? 'unknown';
const until = (id: string, wanted: readonly string[], deadlineMs = 60_000) =>
  eventually(
    async () => {
      const status = await statusOf(id);
      if (!wanted.includes(status)) throw new Error(`${id} is ${status}, not ${wanted.join(' or ')}`);
      return status;
    },
    { deadlineMs, everyMs: 100 },
  );

/** Nothing is wrong, nothing is held, and no machine is there. */
const calm = () =>
  eventually(
    async () => {
      const faults = [...(await stage.faults()), ...[await stage.stockFault()].filter(Boolean)];
      if (faults.length > 0) throw new Error(faults.slice(0, 10).join('\n'));
      return true;
    },
    { deadlineMs: CALM_MS, everyMs: 200 },
  );

/** One rental of every kind, each to its end. */
async function liveThroughAll(): Promise<Record<string, RentalStory>> {
  await stage.acceptByItself(false);
  const asked = await stage.rent(customer);
  await stage.answerRequests(() => true);
  await until(asked, ['provisioned']);
  const turnedAway = await stage.rent(customer);
  await stage.answerRequests(() => false);
  await stage.acceptByItself(true);
  const byItself = await stage.rent(customer);
  await until(byItself, ['active']);
  const failing = await stage.rent(customer, { withoutMachine: true });
  await until(failing, ['provisioningfailed']);
  for (const id of [asked, byItself]) await stage.cancel(customer, id);
  await calm();
  const stories: Record<string, RentalStory> = {};
  for (const [kind, id] of Object.entries({ asked, turnedAway, byItself, failing })) {
    const story = await eventually(async () => {
      const now = await storyOf(stage, customer, id);
      return now.machinesLeft === 0 && now;
    });
    stories[kind] = withoutOvertaken(story);
  }
  return stories;
}

let quiet: Record<string, RentalStory>;

test('R1: every act run twice comes to the same end', async () => {
  quiet = await liveThroughAll();
  const points = [
    ...ACTS.map(repeatPointOf),
    ...[...stage.control.passes()].filter((point) =>
      /:after-publish$|:ask:.*:after$|^provider-agent:(publish|backend):.*:after$/.test(point),
    ),
  ];
  arm([...points.map(repeat), { id: 'no contract', point: INSERT, action: 'fail', times: 1 }]);
  await expect(stage.rent(customer)).rejects.toThrow();
  const twice = await liveThroughAll();
  expect(twice).toEqual(quiet);
  await calm();
  arm([]);
  await assertBooksBalance(stage.platform);
  const repeated = new Set(stage.control.hits().map(({ point }) => point));
  const missed = ACTS.filter((act) => !repeated.has(repeatPointOf(act))).map(actName);
  print(
    `R1: ${ACTS.length - missed.length} of ${ACTS.length} acts run twice, besides ${repeated.size - ACTS.length + missed.length - 1} ` +
      `publications, requests and calls; ${stage.control.hits().length - 1} repeats; ` +
      `${Object.keys(twice).length + 1} rentals, the same ends: ${Object.values(twice).map(({ status }) => status)}`,
  );
  expect(missed).toEqual([]);
  expect(await stage.machines()).toEqual([]);
}, 300_000);

/** One for each act, in `npm test`. */
const CASES = sampleOfEach(
  ALL_CASES,
  ({ act }) => act,
  ({ act, as }) => `${act} ${as}`,
);
const SAMPLE = testsAll ? 'all' : `seed ${testSeed}`;

test('R2: every forward act is given an outcome', () => {
  expect(FORWARD.map(actName).sort()).toEqual(Object.keys(OUTCOMES).sort());
});

const failed: string[] = [];

test.each(CASES)(
  'R2: $act $as for ever: $outcome, and all of it is taken back',
  async (one) => {
    const id = `fails: ${one.act} ${one.as}`;
    arm([{ id, action: 'fail', ...one.armed }, ...UNDO.map(repeatPointOf).map(repeat)]);
    const before = new Set((await stage.contracts()).map(({ contractId }) => contractId));
    await stage.acceptByItself(!one.byHand);
    await stage.rent(customer, { withoutMachine: one.withoutMachine === true }).catch(() => undefined);
    const made = (await stage.contracts()).filter(({ contractId }) => !before.has(contractId));
    expect(made).toHaveLength(one.outcome === 'not made' ? 0 : 1);
    const [contract] = made;
    if (contract) {
      const { contractId } = contract;
      if (one.byHand) await expect(stage.answerRequests(() => true)).rejects.toThrow();
      if (one.outcome === 'unharmed') await until(contractId, WITH_MACHINE);
      if (one.outcome === 'ended' || one.outcome === 'refused') await until(contractId, FINAL);
      else await stage.cancel(customer, contractId);
      await until(contractId, FINAL);
    }
    await eventually(() => wasHit(id), { deadlineMs: 20_000, what: `${id} being hit` });
    await calm();
    expect(await stage.machines()).toEqual([]);
    if (contract) {
      await eventually(async () => {
        const story = await storyOf(stage, customer, contract.contractId);
        const told = await toldOfTheEnd(stage, customer, contract.contractId);
        // A provider hears of paid requests only.
        const wasPaid = !['pending', 'failed'].includes(story.payment);
        expect(told).toEqual({
          ...(one.outcome === 'refused' ? {} : { tenant: expect.any(String) }),
          ...(wasPaid ? { provider: expect.any(String) } : {}),
        });
        expect(story.moves.at(-1)).toMatch(`>${story.status}`);
        expect(story.events.filter((event) => event === 'status_change').length).toBeGreaterThan(0);
        expect(story.machinesLeft).toBe(0);
        return true;
      });
    }
    arm([]);
    failed.push(id);
  },
  240_000,
);

test('R2: each step failed, each undo ran twice, the books are right', async () => {
  const hits = stage.control.hits();
  const undone = UNDO.filter((act) => hits.some(({ id }) => id === repeat(repeatPointOf(act)).id));
  print(
    `R2: ${failed.length} of ${ALL_CASES.length} failures (${SAMPLE}) at ${FORWARD.length} acts of ${rentalProcess.length} steps: ` +
      `${[...Map.groupBy(CASES, ({ outcome }) => outcome)].map(([what, all]) => `${all.length} ${what}`).join(', ')}; ` +
      `${undone.length} of ${UNDO.length} undo acts run twice`,
  );
  expect(failed).toHaveLength(CASES.length);
  expect(undone).toHaveLength(UNDO.length);
  await assertBooksBalance(stage.platform);
});

/** Two for each call, in `npm test`. */
const FOREIGN = sampleOfEach(
  ALL_FOREIGN,
  ({ call }) => call,
  ({ call, fault }) => `${call} ${fault}`,
  2,
);

/** Asked for only when the contract could not be written. */
const RELEASES: readonly string[] = [releaseStock.subject, releaseFunds.subject];
const met: string[] = [];

/** A fault of before may still hold up the agent for longer than a rental waits for it: then the next one. */
async function rentWithMachine(): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const id = await stage.rent(customer);
    const status = await until(id, [...WITH_MACHINE, ...FINAL]);
    if (WITH_MACHINE.includes(status)) return id;
    if (attempt === 3) throw new Error(`three rentals got no machine, the last is ${status}`);
  }
}

/** The breaker may still rest from the faults of before: then nobody is asked, and the rental is asked for again. */
async function rentUntilAsked(isAsked: () => boolean): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const answer = await stage.rent(customer).catch(String);
    if (attempt === 5 || isAsked() || !answer.includes('does not answer')) return answer;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** The same: a rental that has ended before its agent came to it is asked for again. */
async function rentUntilMade(isMet: () => boolean): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const id = await rentUntilAsked(isMet);
    await eventually(async () => isMet() || FINAL.includes(await statusOf(id)), { deadlineMs: 60_000 });
    if (attempt === 3 || isMet()) return id;
  }
}

test.each(FOREIGN)(
  'R4: $call: $fault',
  async ({ call, fault, armed }) => {
    const ids = armed.map((_, index) => `${call}: ${fault} ${index}`);
    const faults = armed.map((one, index): ArmedPoint => ({ ...one, id: ids[index] as string, times: 1 }));
    const noContract: ArmedPoint = {
      id: `no contract for ${call}: ${fault}`,
      point: INSERT,
      action: 'fail',
      times: 1,
    };
    await stage.acceptByItself(true);
    if (call !== 'terminate') arm([...faults, ...(RELEASES.includes(call) ? [noContract] : [])]);
    const isMet = () => ids.every(wasHit);
    let answer = '';
    if (call === 'terminate') {
      const id = await rentWithMachine();
      arm(faults);
      await stage.cancel(customer, id);
    } else answer = call === 'provision' ? await rentUntilMade(isMet) : await rentUntilAsked(isMet);
    await eventually(isMet, { deadlineMs: 60_000, what: `${ids} being hit; rent: ${answer}` });
    met.push(`${call}: ${fault}`);
    // Whatever came of it, it is one rental at most, with one machine at most.
    const machines = await stage.machines();
    expect(new Set(machines).size).toBe(machines.length);
  },
  120_000,
);

test('R4: after all of it nothing was charged, held or made twice', async () => {
  arm([]);
  await eventually(
    async () => (await stage.contracts()).every(({ status }) => [...WITH_MACHINE, ...FINAL].includes(status)),
    { deadlineMs: CALM_MS, everyMs: 300, what: 'every rental settled' },
  );
  const settled = await stage.contracts();
  for (const { contractId, status } of settled) {
    if (!FINAL.includes(status)) await stage.cancel(customer, contractId);
  }
  await calm();
  await assertBooksBalance(stage.platform);
  const purposes = await stage.query<{ purpose: string; reference: string; count: number }>(
    'payments',
    'select purpose, reference, count(*)::int as count from ledger_transfer group by purpose, reference',
  );
  const charges = purposes.filter(({ purpose }) => purpose === 'rental_charge');
  expect(charges.length).toBeGreaterThan(FOREIGN.length / 2);
  const twice = purposes.filter(({ count }) => count > 1);
  expect(twice).toEqual([]);
  expect(await stage.machines()).toEqual([]);
  expect(await stage.heldUnits()).toBe(0);
  print(
    `R4: ${met.length} of ${ALL_FOREIGN.length} faults (${SAMPLE}) of ${new Set(FOREIGN.map(({ call }) => call)).size} calls; ` +
      `${settled.length} rentals so far, ${charges.length} charges, ${twice.length} movements of money twice, ` +
      `${await stage.heldUnits()} units held, ${(await stage.machines()).length} machines left`,
  );
  expect(met).toHaveLength(FOREIGN.length);
}, 300_000);
