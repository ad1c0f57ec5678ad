import { parseExactJson, printExactJson } from '@decent-cloud/kernel';
import { type Answer, facts } from '@decent-cloud/messages';
import { cancelContract, getContractSteps, respondToRequest } from '@decent-cloud/messages/contracts';
import { jest } from '@jest/globals';
import { SettleDeadlines } from '../src/ending/settle-deadlines.ts';
import { HOUR, PROVIDER_ACCOUNT, PROVIDER_KEY, TENANT_ACCOUNT, TENANT_KEY } from './sample-contract.ts';
import { PRICE, provider, stranger, tenantsOtherKey, World } from './world.ts';

jest.setTimeout(60_000);

type Steps = Answer<typeof getContractSteps>;

const SECOND = 1_000_000_000n;
const world = World.forFile();
const { machine } = world;

const stepsOf = (id: string, caller = tenantsOtherKey): Promise<Steps> =>
  world.ask(getContractSteps, { params: { id } }, caller);
const brief = ({ steps }: Pick<Steps, 'steps'>): string =>
  steps.map(({ name, state }) => `${name}:${state}`).join(' ');
const assigned = (id: string, generation = 1) => world.say(facts.machineAssigned, machine(id, generation));
const provisioned = (id: string) =>
  world.say(facts.machineProvisioned, {
    ...machine(id),
    instance: { externalId: 'dc-1', provisionerType: 'local', sshPort: 22, sshUser: 'root' },
    credentials: [],
  });
const released = async (contractId: string) => {
  const { operationId } = await world.read(contractId);
  await world.say(facts.stockReleased, { contractId, holdId: operationId, atNs: world.now });
};
const refunded = (contractId: string, amountE9s: bigint) =>
  world.say(facts.refundIssued, {
    contractId,
    accountId: TENANT_ACCOUNT,
    amountE9s,
    currency: 'USD',
    atNs: world.now,
  });

/** What was said of the steps, oldest first, exactly. */
const saidOf = async (id: string) => {
  const rows = await world.service.database.query<{ payload: string }>(
    `select payload from messaging.outbox where subject = $2 and payload::jsonb ->> 'contractId' = $1 order by seq`,
    [id, facts.contractStepsChanged.subject],
  );
  return rows.map(({ payload }) => facts.contractStepsChanged.payload.parse(parseExactJson(payload)));
};

/** Without what only says how long something has been going on. */
const still = ({ steps }: Pick<Steps, 'steps'>) =>
  printExactJson(
    steps.map(({ actualSeconds, ...step }) =>
      step.finishedAtNs === undefined ? step : { ...step, actualSeconds },
    ),
  );

/**
 * Does one thing after the other, a second apart; after each, what was said last is what the endpoint shows, and it was
 * said exactly when something has changed, once.
 */
async function watch(start: () => Promise<string>, doing: readonly ((id: string) => Promise<unknown>)[]) {
  const id = await start();
  const views: Steps[] = [];
  let said = 0;
  const look = async () => {
    const view = await stepsOf(id);
    const all = await saidOf(id);
    const last = views.at(-1);
    const isNew = !last || still(last) !== still(view) || last.status !== view.status;
    // Making a rental is two commits: written, then paid.
    if (last) expect(all.length - said).toBe(isNew ? 1 : 0);
    said = all.length;
    expect(all.at(-1)?.status).toBe(view.status);
    expect(still(all.at(-1) ?? { steps: [] })).toBe(still(view));
    expect(all.at(-1)).toMatchObject({
      requesterPublicKey: TENANT_KEY,
      requesterAccountId: TENANT_ACCOUNT,
      providerPublicKey: PROVIDER_KEY,
      providerAccountId: PROVIDER_ACCOUNT,
    });
    views.push(view);
  };
  await look();
  for (const act of doing) {
    world.now += SECOND;
    await act(id);
    await look();
  }
  return { id, views, said };
}

const UNTIL_PAID = 'hold-stock:done request:done pay:done';
const DONE = `${UNTIL_PAID} accept:done assign-agent:done make-machine:done hand-over:done`;

it('a rental that is made, used, cancelled and settled: every change is said once', async () => {
  const { views, id, said } = await watch(
    () => world.rent(),
    [
      assigned,
      (id) => world.say(facts.provisioningStarted, machine(id)),
      provisioned,
      provisioned,
      (id) => world.ask(cancelContract, { params: { id }, body: {} }),
      released,
      released,
      async (contractId) => refunded(contractId, (await world.read(contractId)).refundDueE9s ?? 0n),
      (id) => world.say(facts.machineRemoved, machine(id)),
      (id) => world.say(facts.machineRemoved, machine(id)),
    ],
  );
  expect(views.map(brief)).toEqual([
    `${UNTIL_PAID} accept:done assign-agent:running make-machine:waiting hand-over:waiting`,
    `${UNTIL_PAID} accept:done assign-agent:done make-machine:running hand-over:waiting`,
    `${UNTIL_PAID} accept:done assign-agent:done make-machine:running hand-over:waiting`,
    DONE,
    DONE,
    `${DONE} release-stock:undoing refund:undoing remove-machine:undoing`,
    `${DONE} release-stock:undone refund:undoing remove-machine:undoing`,
    `${DONE} release-stock:undone refund:undoing remove-machine:undoing`,
    `${DONE} release-stock:undone refund:undone remove-machine:undoing`,
    `${DONE} release-stock:undone refund:undone remove-machine:undone`,
    `${DONE} release-stock:undone refund:undone remove-machine:undone`,
  ]);
  // Written, paid and accepted, and what the ten acts above have changed.
  expect(said).toBe(2 + 7);
  const last = views.at(-1) as Steps;
  expect(last.contract_id).toBe(id);
  const seconds = Object.fromEntries(last.steps.map(({ name, actualSeconds }) => [name, actualSeconds]));
  expect(seconds).toMatchObject({ 'make-machine': 2, 'release-stock': 1, refund: 3 });
  // A moment of creation has nanoseconds of its own.
  expect(seconds['assign-agent']).toBeCloseTo(1, 2);
});

it('a second attempt shows, and a failure tells its reason', async () => {
  const { views } = await watch(
    () => world.rent(),
    [
      (id) => assigned(id, 1),
      (id) => assigned(id, 2),
      (id) => assigned(id, 1),
      (id) =>
        world.say(facts.provisioningFailed, {
          ...machine(id, 2),
          reason: 'PROVISIONING_FAILED',
          message: 'no space left',
        }),
    ],
  );
  expect(views[2]?.steps[5]).toMatchObject({ name: 'make-machine', state: 'running', attempts: 2 });
  expect(views[4]?.steps[5]).toMatchObject({
    state: 'failed',
    attempts: 2,
    reason: 'PROVISIONING_FAILED',
    text: 'The provider could not make the machine. The money was returned.',
  });
});

it('an agent that was given an ended rental has something to remove', async () => {
  const { views, id } = await watch(
    () => world.rent(),
    [(id) => world.ask(cancelContract, { params: { id }, body: {} }), assigned],
  );
  expect(views.map(({ steps }) => steps.some(({ name }) => name === 'remove-machine'))).toEqual([
    false,
    false,
    true,
  ]);
  expect((await world.read(id)).machineGeneration).toBe(0);
});

it('a provider who is asked and does not answer', async () => {
  world.autoAccept = false;
  const { views } = await watch(
    () => world.rent(),
    [
      async () => {
        world.now += 73n * HOUR;
        await world.service.get(SettleDeadlines).sweep(world.now);
      },
      (id) => refunded(id, PRICE),
    ],
  );
  expect(views[0]?.steps[3]).toMatchObject({ name: 'accept', owner: 'provider', state: 'running' });
  expect(views[0]?.steps[3]?.dueAtNs).toBeGreaterThan(world.now - 2n * HOUR);
  expect(views[1]?.steps[3]).toMatchObject({ state: 'failed', reason: 'RESPONSE_TIMEOUT' });
  expect(brief(views[2] as Steps)).toContain('refund:undone');
});

it('a provider who turns it down', async () => {
  world.autoAccept = false;
  const { views } = await watch(
    () => world.rent(),
    [
      (id) =>
        world.ask(respondToRequest, { params: { id }, body: { accept: false, memo: 'full' } }, provider),
    ],
  );
  expect(views[1]?.steps[3]).toMatchObject({ state: 'failed', reason: 'REJECTED_BY_PROVIDER' });
});

it('a test rental is said once when it is made', async () => {
  const { said, views } = await watch(() => world.rent({ payment_method: 'test' }), []);
  expect(said).toBe(1);
  expect(views[0]?.steps[2]).toMatchObject({ name: 'pay', state: 'skipped' });
});

it('a wallet that is emptied between the reservation and the charge', async () => {
  world.beforeCharge = async () => {
    world.beforeCharge = async () => undefined;
    world.reservations.clear();
    world.balanceE9s = 0n;
  };
  await expect(world.rent()).rejects.toThrow('Insufficient wallet balance');
  const [row] = await world.service.database.query<{ id: string }>(
    `select contract_id as id from contract where payment_status = 'failed' order by created_at_ns desc limit 1`,
  );
  const { views } = await watch(async () => row?.id as string, []);
  expect(views[0]?.steps[2]).toMatchObject({ name: 'pay', state: 'failed', reason: 'INSUFFICIENT_BALANCE' });
});

it('are for both parties and nobody else', async () => {
  const id = await world.rent();
  expect(brief(await stepsOf(id, provider))).toBe(brief(await stepsOf(id)));
  await expect(stepsOf(id, stranger)).rejects.toThrow(/^Unauthorized/);
  await expect(stepsOf('ab'.repeat(32))).rejects.toThrow('Contract not found');
});

it('of a rental made before all of it was noted are sensible', async () => {
  const id = await world.rent();
  await provisioned(id);
  await world.service.database.query(
    `update contract set stock_held_at_ns = null, requested_at_ns = null, attempts = 0, agent_assigned_at_ns = null,
       attempt_started_at_ns = null, machine_made_at_ns = null where contract_id = $1`,
    [id],
  );
  expect(brief(await stepsOf(id))).toBe(DONE);
  await world.ask(cancelContract, { params: { id }, body: {} });
  expect(brief(await stepsOf(id))).toBe(`${DONE} release-stock:undone refund:undoing remove-machine:undoing`);
});
