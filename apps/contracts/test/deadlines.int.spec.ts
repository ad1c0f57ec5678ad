import { facts, requests } from '@decent-cloud/messages';
import { cancelContract, respondToRequest } from '@decent-cloud/messages/contracts';
import { SettleDeadlines } from '../src/ending/settle-deadlines.ts';
import { ConfirmPayments } from '../src/renting/confirm-payments.ts';
import { HOUR, TENANT_ACCOUNT, TENANT_KEY } from './sample-contract.ts';
import { PRICE, provider, tenant, World } from './world.ts';

const world = World.forFile();
const { machine } = world;
beforeAll(() => world.addReplica(), 60_000);

const provisioned = (contractId: string) => ({
  ...machine(contractId),
  instance: { externalId: 'dc-1', provisionerType: 'local', sshPort: 22, sshUser: 'root' },
  credentials: [],
});
/** Both replicas sweep at once, twice. */
const sweep = async (): Promise<void> => {
  for (let round = 0; round < 2; round++) {
    await Promise.all(
      world.services.flatMap((service) => [
        service.get(SettleDeadlines).sweep(world.now),
        service.get(ConfirmPayments).sweep(world.now),
      ]),
    );
  }
};
const endOf = async (id: string) => {
  const ended = await world.said(id, 'contract-ended');
  expect(ended).toHaveLength(1);
  return ended[0];
};

describe('when nobody moves, time does', () => {
  it.each([
    ['an unanswered request', false, 72n * HOUR, 'expired', 'RESPONSE_TIMEOUT', async () => undefined],
    [
      'a machine that nobody begins',
      true,
      HOUR,
      'provisioningfailed',
      'PROVISIONING_TIMEOUT',
      async () => undefined,
    ],
    [
      'a machine that is never ready',
      true,
      HOUR,
      'provisioningfailed',
      'PROVISIONING_TIMEOUT',
      (id: string) => world.say(facts.provisioningStarted, machine(id)),
    ],
  ] as const)('%s ends with all money back', async (_, autoAccept, afterNs, status, reason, act) => {
    world.autoAccept = autoAccept;
    const id = await world.rent();
    await act(id);
    const { deadlineAtNs } = await world.read(id);
    const start = world.now;
    world.now = (deadlineAtNs as bigint) - 1n;
    await sweep();
    expect((await world.read(id)).endReason).toBeNull();
    world.now = start + afterNs;
    await sweep();
    expect(await endOf(id)).toMatchObject({
      status,
      reason,
      paidE9s: Number(PRICE),
      refundE9s: Number(PRICE),
      earnedE9s: 0,
    });
    expect((await world.read(id)).failureMessage).not.toBeNull();
  });

  it('an unpaid request expires, but only after the books were asked', async () => {
    world.payments = 'fails';
    const unpaid = await world.rent();
    world.payments = 'lost';
    const paid = await world.rent();
    await world.heal();
    world.payments = 'fails';
    // Creation is spread over its millisecond.
    world.now += HOUR + 1_000_000n;
    await sweep();
    expect(await endOf(unpaid)).toMatchObject({
      status: 'expired',
      reason: 'PAYMENT_TIMEOUT',
      paidE9s: 0,
      refundE9s: 0,
    });
    expect(await world.read(paid)).toMatchObject({ status: 'accepted', paidE9s: PRICE });
  }, 30_000);

  it('a rental ends with its paid time, all of it earned', async () => {
    const id = await world.rent();
    world.now += HOUR / 2n;
    await world.say(facts.machineProvisioned, provisioned(id));
    world.now += 10n * HOUR - 1n;
    await sweep();
    expect((await world.read(id)).status).toBe('active');
    world.now += 1n;
    await sweep();
    expect(await endOf(id)).toMatchObject({
      status: 'expired',
      reason: 'TERM_ENDED',
      refundE9s: 0,
      earnedE9s: Number(PRICE),
    });
  });

  it('a delivered machine counts as in use after 15 minutes', async () => {
    world.autoAccept = false;
    const id = await world.rent();
    await world.ask(respondToRequest, { params: { id }, body: { accept: true } }, provider);
    await world.say(facts.machineProvisioned, provisioned(id));
    world.now += 900n * 1_000_000_000n - 1n;
    await sweep();
    expect((await world.read(id)).status).toBe('provisioned');
    world.now += 1n;
    await sweep();
    expect((await world.read(id)).status).toBe('active');
    expect((await world.history(id)).at(-1)).toBe('provisioned>active');
  });

  it('one contract that cannot be settled does not stop the others', async () => {
    const broken = await world.rent();
    const well = await world.rent();
    const { database } = world.service;
    await database.query(
      `create function refuse() returns trigger language plpgsql as $$ begin raise 'broken'; end $$`,
    );
    await database.query(
      `create trigger refuse before update on contract for each row when (old.contract_id = '${broken}')
       execute function refuse()`,
    );
    world.now += 2n * HOUR;
    await sweep();
    expect(await endOf(well)).toMatchObject({ reason: 'PROVISIONING_TIMEOUT' });
    expect((await world.read(broken)).status).toBe('accepted');
    await database.query('drop trigger refuse on contract');
    await sweep();
    expect(await endOf(broken)).toMatchObject({ reason: 'PROVISIONING_TIMEOUT' });
  });
});

describe('many at once', () => {
  it('30 equal rentals in the same millisecond are 30 contracts, each charged once', async () => {
    const before = world.balanceE9s;
    const ids = await Promise.all(Array.from({ length: 30 }, () => world.rent()));
    expect(new Set(ids).size).toBe(30);
    expect(before - world.balanceE9s).toBe(30n * PRICE);
    const rows = await world.service.database.query<{ count: bigint }>(
      `select count(*) as count from contract where contract_id = any($1) and status = 'accepted'`,
      [ids],
    );
    expect(rows[0]?.count).toBe(30n);
  });

  it('50 cancellations at two replicas: one wins, one refund', async () => {
    const id = await world.rent();
    const answers = await Promise.allSettled(
      Array.from({ length: 50 }, () => world.ask(cancelContract, { params: { id }, body: {} })),
    );
    expect(answers.filter((answer) => answer.status === 'fulfilled')).toHaveLength(1);
    for (const answer of answers) {
      if (answer.status === 'rejected')
        expect(answer.reason).toMatchObject({ reason: 'TRANSITION_NOT_ALLOWED' });
    }
    expect(await endOf(id)).toMatchObject({ refundE9s: Number(PRICE), earnedE9s: 0 });
  });

  it('accept, reject and cancel at the same time: one end, money adds up', async () => {
    world.autoAccept = false;
    for (let round = 0; round < 10; round++) {
      const id = await world.rent();
      const answer = (accept: boolean) =>
        world.ask(respondToRequest, { params: { id }, body: { accept } }, provider);
      const answers = await Promise.allSettled([
        answer(true),
        answer(true),
        answer(false),
        world.ask(cancelContract, { params: { id }, body: {} }, tenant),
        world.say(facts.rentalCharged, {
          contractId: id,
          accountId: TENANT_ACCOUNT,
          amountE9s: PRICE,
          currency: 'USD',
          atNs: world.now,
        }),
      ]);
      // A cancellation is possible after all the others but a rejection, so the end is one of these two.
      const { status, refundDueE9s, earnedE9s, version } = await world.read(id);
      expect(['cancelled', 'rejected']).toContain(status);
      expect(refundDueE9s).toBe(PRICE);
      expect(earnedE9s).toBe(0n);
      await endOf(id);
      expect(answers.slice(0, 2).filter((done) => done.status === 'fulfilled').length).toBeLessThanOrEqual(1);
      expect(await world.history(id)).toHaveLength(version);
    }
  });

  it('the machine and the cancellation at the same time end in one story', async () => {
    for (let round = 0; round < 10; round++) {
      const id = await world.rent();
      await Promise.all([
        world.say(facts.machineProvisioned, provisioned(id)),
        world.ask(cancelContract, { params: { id }, body: {} }),
      ]);
      const history = await world.history(id);
      expect([
        ['>requested', 'requested>accepted', 'accepted>cancelled'],
        [
          '>requested',
          'requested>accepted',
          'accepted>provisioning',
          'provisioning>provisioned',
          'provisioned>active',
          'active>cancelled',
        ],
      ]).toContainEqual(history);
      expect((await world.read(id)).refundDueE9s).toBe(PRICE);
    }
  });
});

describe('what operators see', () => {
  it('counts and ages of what is not over', async () => {
    const id = await world.rent();
    world.now += 30_000_000_000n;
    const text = await (await fetch(`http://127.0.0.1:${world.service.opsPort}/metrics`)).text();
    const value = (name: string, status: string) =>
      Number(new RegExp(`^${name}\\{[^}]*status="${status}"[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1]);
    const [row] = await world.service.database.query<{ count: bigint }>(
      `select count(*) as count from contract where status = 'accepted'`,
    );
    expect(value('dc_contracts_state', 'accepted')).toBe(Number(row?.count));
    expect(value('dc_contracts_oldest_seconds', 'accepted')).toBeGreaterThanOrEqual(30);
    expect(value('dc_contracts_oldest_seconds', 'paused')).toBe(0);
    const asked = { body: { contractIds: [id] } };
    expect(
      (await world.ask(requests.contractStates, asked, { kind: 'service', name: 'agents' })).states,
    ).toHaveLength(1);
    expect(TENANT_KEY).toHaveLength(64);
  });
});
