import type { RefusalJson } from '@decent-cloud/kernel';
import type { ArmedPoint } from '@decent-cloud/kernel/crash-file';
import { createContract, respondToRequest } from '@decent-cloud/messages/contracts';
import { actName, rentalProcess, repeatPointOf } from '@decent-cloud/messages/process';
import {
  chargeRental,
  holdStock,
  quoteRental,
  releaseFunds,
  releaseStock,
  reserveFunds,
} from '@decent-cloud/messages/requests';
import { eventually, sampleOfEach, testSeed, testsAll } from '@decent-cloud/testing';
import { assertBooksBalance } from '../src/books.ts';
import { CrashStage, type Customer, FINAL, WITH_MACHINE } from '../src/crash-stage.ts';
import { RENTAL_ACTS_ONCE as ACTS } from '../src/rental-acts.ts';
import { type RentalStory, storyOf, toldOfTheEnd, withoutOvertaken } from '../src/rental-story.ts';

/** What is done for every rental: acts of lost machines are failed by the simulator, and killed in `crash.e2e.spec.ts`. */
const FORWARD = rentalProcess.filter(({ isSeldom }) => !isSeldom).flatMap(({ acts }) => acts);
const UNDO = rentalProcess.flatMap(({ undo }) => undo?.acts ?? []);
const INSERT = `contracts:${createContract.subject}:before-commit`;
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

/**
 * `not made`: there is no rental; `refused`: it ended with the answer, and nobody else hears of it; `ended`: by itself,
 * all refunded; `given up`: a person had to end it; `unharmed`.
 */
type Outcome = 'not made' | 'refused' | 'ended' | 'given up' | 'unharmed';
interface FaultCase {
  readonly act: string;
  readonly as: string;
  readonly armed: Omit<ArmedPoint, 'id' | 'action'>;
  readonly outcome: Outcome;
  readonly withoutMachine?: boolean;
  readonly byHand?: boolean;
}

const refusal = (code: string, reason: string): RefusalJson =>
  ({ code, reason, message: 'told to refuse' }) as RefusalJson;
const NO = refusal('PRECONDITION', 'SERVICE_UNAVAILABLE');

/** What becomes of a rental when this act fails, and goes on failing. A new act has to say it here. */
const OUTCOMES: Readonly<Record<string, { readonly [as: string]: Outcome }>> = {
  [`payments:${reserveFunds.subject}`]: { refused: 'not made', broken: 'not made' },
  [`offerings:${holdStock.subject}`]: { refused: 'not made', broken: 'not made' },
  [`contracts:${createContract.subject}`]: { refused: 'not made', broken: 'not made' },
  [`payments:${chargeRental.subject}`]: { refused: 'refused', broken: 'ended' },
  [`contracts:${respondToRequest.subject}`]: { refused: 'given up', broken: 'given up' },
  'contracts:evt.payments.v1.rental-charged': { broken: 'unharmed' },
  'agents:evt.contracts.v1.contract-accepted': { broken: 'ended' },
  'contracts:evt.agents.v1.machine-assigned': { broken: 'unharmed' },
  'provider-agent:command:provision': { refused: 'ended', broken: 'ended' },
  'agents:event:claimed': { broken: 'unharmed' },
  'contracts:evt.agents.v1.provisioning-started': { broken: 'unharmed' },
  'agents:event:failed': { broken: 'ended' },
  'contracts:evt.agents.v1.provisioning-failed': { broken: 'ended' },
  'agents:event:provisioned': { broken: 'ended' },
  'contracts:evt.agents.v1.machine-provisioned': { broken: 'ended' },
};

const ALL_CASES: readonly FaultCase[] = FORWARD.flatMap((act) => {
  const name = actName(act);
  const point = act.backend ? `provider-agent:backend:${act.backend}:before` : `${name}:before-commit`;
  const failure = { class: 'permanent', code: 'TOLD_TO_FAIL', message: 'told to fail' };
  return Object.entries(OUTCOMES[name] ?? { 'not said': 'ended' as const }).map(([as, outcome]) => ({
    act: name,
    as,
    armed: { point, ...(as !== 'refused' ? {} : act.backend ? { failure } : { refusal: NO }) },
    outcome,
    withoutMachine: /:event:failed|provisioning-failed$/.test(name),
    byHand: name === `contracts:${respondToRequest.subject}`,
  }));
});

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

interface ForeignFault {
  readonly call: string;
  readonly fault: string;
  readonly armed: readonly Omit<ArmedPoint, 'id' | 'times'>[];
}

/** Longer than one service waits for another. */
const LATE_MS = 6_000;
const SILENCE = refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE');
const passing = { class: 'transient', code: 'TOLD_TO_FAIL', message: 'told to fail' };
const final = { ...passing, class: 'permanent' };

function faultsOf(call: string, point: string, late: string, no: object, silence: object): ForeignFault[] {
  const fail = (place: string, how: object = {}) =>
    [{ point: `${point}:${place}`, action: 'fail', ...how }] as const;
  const faults: Record<string, ForeignFault['armed']> = {
    refused: fail('before', no),
    'error before effect': fail('before'),
    'error after effect': fail('after'),
    'no answer, no effect': fail('before', silence),
    'effect, no answer': fail('after', silence),
    'late answer': [{ point: late, action: 'wait', waitMs: LATE_MS }],
    twice: [{ point: `${point}:after`, action: 'repeat' }],
  };
  return Object.entries(faults).map(([fault, armed]) => ({ call, fault, armed }));
}

const ALL_FOREIGN: readonly ForeignFault[] = [
  ...[
    { declaration: quoteRental, no: refusal('CONFLICT', 'OUT_OF_STOCK') },
    { declaration: reserveFunds, no: refusal('PAYMENT_REQUIRED', 'INSUFFICIENT_BALANCE') },
    { declaration: holdStock, no: refusal('CONFLICT', 'OUT_OF_STOCK') },
    { declaration: chargeRental, no: refusal('PAYMENT_REQUIRED', 'INSUFFICIENT_BALANCE') },
    { declaration: releaseStock, no: refusal('CONFLICT', 'OUT_OF_STOCK') },
    { declaration: releaseFunds, no: refusal('CONFLICT', 'OUT_OF_STOCK') },
  ].flatMap(({ declaration, no }) => {
    const { subject } = declaration;
    const late = `${subject.split('.')[1]}:${subject}:after-commit`;
    const faults = faultsOf(subject, `contracts:ask:${subject}`, late, { refusal: no }, { refusal: SILENCE });
    // A read commits nothing that could hold its answer up.
    return declaration === quoteRental ? faults.filter(({ fault }) => fault !== 'late answer') : faults;
  }),
  ...['provision', 'terminate'].flatMap((call) => {
    const point = `provider-agent:backend:${call}`;
    return faultsOf(call, point, `${point}:after`, { failure: final }, { failure: passing });
  }),
];

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
    let answer = '';
    if (call === 'terminate') {
      const id = await rentWithMachine();
      arm(faults);
      await stage.cancel(customer, id);
    } else answer = await rentUntilAsked(() => ids.some(wasHit));
    await eventually(() => ids.every(wasHit), {
      deadlineMs: 60_000,
      what: `${ids} being hit; rent: ${answer}`,
    });
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
