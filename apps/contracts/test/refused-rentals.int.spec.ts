import { requests } from '@decent-cloud/messages';
import { listMyContracts, listProviderContracts } from '@decent-cloud/messages/contracts';
import { ConfirmPayments } from '../src/renting/confirm-payments.ts';
import { MONTHLY_E9S } from './played-services.ts';
import { PROVIDER_KEY, TENANT_KEY } from './sample-contract.ts';
import { offeringsService, PRICE, provider, rejection, tenant, World } from './world.ts';

const world = World.forFile();

const count = async (table: 'contract' | 'messaging.outbox') => {
  const [row] = await world.service.database.query<{ count: bigint }>(
    `select count(*) as count from ${table}`,
  );
  return row?.count;
};

describe('a rental is refused', () => {
  it('whose SSH key the machine cannot take, before any money or unit is touched', async () => {
    const ssh_pubkey =
      'sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIEaWjuOlohWUOsSp/fLaHH3tldm75GQX2aNRyWXhrNwjAAAABHNzaDo= token';
    const before = [world.holds.size, world.reservations.size, world.chargeRequests, await count('contract')];
    for (const [own, all] of [
      ['local', undefined],
      [undefined, ['local']],
    ] as const) {
      world.provisionerType = own;
      world.machineTypes = all;
      await expect(world.rent({ ssh_pubkey })).rejects.toEqual(rejection('INVALID', 'SSH_KEY_INVALID'));
    }
    expect([
      world.holds.size,
      world.reservations.size,
      world.chargeRequests,
      await count('contract'),
    ]).toEqual(before);
    world.machineTypes = undefined;
    world.provisionerType = 'docker';
    await expect(world.rent({ ssh_pubkey })).resolves.toMatch(/^[0-9a-f]{64}$/);
    world.provisionerType = undefined;
  });

  it('without a verified address, and nothing is held', async () => {
    world.emailVerified = false;
    const before = world.holds.size;
    await expect(world.rent()).rejects.toEqual(rejection('PRECONDITION', 'EMAIL_UNVERIFIED'));
    expect(world.holds.size).toBe(before);
  });

  it('when nothing is left', async () => {
    world.stock = world.holds.size;
    await expect(world.rent()).rejects.toEqual(rejection('CONFLICT', 'OUT_OF_STOCK'));
    world.stock = 1_000;
  });

  it('when it costs more than was expected: nothing is held, charged or written', async () => {
    const [holds, charges] = [world.holds.size, world.chargeRequests];
    const expected = { expected_amount_e9s: PRICE - 1n, expected_currency: 'USD' };
    await expect(world.rent(expected)).rejects.toEqual(rejection('CONFLICT', 'PRICE_CHANGED'));
    await expect(world.rent({ ...expected, payment_method: 'test' })).rejects.toThrow(
      '0.099999999 USD was expected, it is 0.10 USD now',
    );
    expect([world.holds.size, world.chargeRequests]).toEqual([holds, charges]);
    const contractId = await world.rent({ ...expected, expected_amount_e9s: PRICE + 1n });
    expect(world.charges.get(contractId)).toBe(PRICE);
  });

  it('when its hold ended before: with the advice to try again, and the next attempt gets another', async () => {
    world.holdIsOver = true;
    const late = rejection('UNAVAILABLE', 'SERVICE_UNAVAILABLE');
    await expect(world.rent({}, tenant, 'late')).rejects.toEqual(late);
    world.holdIsOver = false;
    expect(await world.rent({}, tenant, 'late')).toMatch(/^[0-9a-f]{64}$/);
  });

  it('when the wallet is too small: before anything is held, written or told', async () => {
    world.balanceE9s = PRICE - 1n;
    const [holds, charges, rows] = [
      world.reservedAtHold.length,
      world.chargeRequests,
      await count('contract'),
    ];
    const facts = await count('messaging.outbox');
    await expect(world.rent({}, tenant, 'poor')).rejects.toEqual(
      rejection('PAYMENT_REQUIRED', 'INSUFFICIENT_BALANCE'),
    );
    expect([world.reservedAtHold.length, world.chargeRequests]).toEqual([holds, charges]);
    expect([await count('contract'), await count('messaging.outbox')]).toEqual([rows, facts]);
    expect(world.reservations.size).toBe(0);
    world.balanceE9s = PRICE;
    expect(await world.rent({}, tenant, 'poor')).toMatch(/^[0-9a-f]{64}$/);
    expect([world.balanceE9s, world.reservations.size]).toEqual([0n, 0]);
  });

  it('when many callers have enough for one in all: one unit is held, and one contract is there', async () => {
    world.balanceE9s = 2n * PRICE - 1n;
    const holds = world.reservedAtHold.length;
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => world.rent()));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(world.reservedAtHold.slice(holds)).toEqual([PRICE]);
    expect([world.balanceE9s, world.reservations.size]).toEqual([PRICE - 1n, 0]);
  });

  it('when the last unit is gone after its money was set aside: the money is free again', async () => {
    world.beforeHold = () => {
      world.stock = world.holds.size;
    };
    await expect(world.rent()).rejects.toEqual(rejection('CONFLICT', 'OUT_OF_STOCK'));
    expect(world.reservations.size).toBe(0);
  });

  it('when the price rises after it was quoted, and the wallet is too small for that: the unit goes back', async () => {
    const before = world.holds.size;
    world.balanceE9s = PRICE;
    world.beforeHold = () => {
      world.monthlyE9s = 2n * MONTHLY_E9S;
    };
    await expect(world.rent()).rejects.toEqual(rejection('PAYMENT_REQUIRED', 'INSUFFICIENT_BALANCE'));
    expect([world.holds.size, world.reservations.size]).toEqual([before, 0]);
  });

  it('when it costs more than was expected after its unit was held: unit and money go back', async () => {
    const before = world.holds.size;
    world.beforeHold = () => {
      world.monthlyE9s = MONTHLY_E9S + 72n;
    };
    const shown = { expected_amount_e9s: PRICE };
    await expect(world.rent(shown)).rejects.toEqual(rejection('CONFLICT', 'PRICE_CHANGED'));
    expect([world.holds.size, world.reservations.size]).toEqual([before, 0]);
  });

  it('and a hold whose release is lost has an end and no living contract', async () => {
    world.beforeHold = () => {
      world.monthlyE9s = 2n * MONTHLY_E9S;
    };
    world.releases = 'fails';
    const before = new Set(world.holds.keys());
    await expect(world.rent({ expected_amount_e9s: PRICE })).rejects.toThrow();
    const [holdId = ''] = [...world.holds.keys()].filter((known) => !before.has(known));
    expect(world.holds.get(holdId)?.untilNs).toBe(world.now + 90_000_000_000n);
    const asked = { body: { holdIds: [holdId] } };
    expect(await world.ask(requests.livingHolds, asked, offeringsService)).toEqual({ living: [] });
  });
});

describe('a rental that is refused at its charge, as its money was spent meanwhile', () => {
  const spendFirst = () => {
    world.beforeCharge = async () => {
      world.beforeCharge = async () => undefined;
      world.reservations.clear();
      world.balanceE9s = 0n;
    };
  };
  const listed = async () => {
    const input = { params: { pubkey: TENANT_KEY }, query: { limit: 200 } };
    const own = await world.ask(listMyContracts, input);
    const theirs = await world.ask(
      listProviderContracts,
      { params: { pubkey: PROVIDER_KEY }, query: { limit: 200 } },
      provider,
    );
    return [own, theirs].map((list) => list.map(({ contract_id }) => contract_id));
  };
  const newest = async () => {
    const [row] = await world.service.database.query<{ id: string }>(
      'select contract_id as id from contract order by requested_at_ns desc, created_at_ns desc limit 1',
    );
    return row?.id as string;
  };

  it('is in no list, and is told to nobody but the one who asked', async () => {
    spendFirst();
    const before = await listed();
    world.now += 1_000_000_000n;
    await expect(world.rent({}, tenant, 'spent')).rejects.toThrow('Insufficient wallet balance');
    const contractId = await newest();
    expect(await world.history(contractId)).toEqual(['>requested', 'requested>cancelled']);
    expect(await listed()).toEqual(before);
    expect(await world.said(contractId, 'contract-status-changed')).toEqual([
      expect.objectContaining({ to: 'requested', paymentStatus: 'pending' }),
      expect.objectContaining({ to: 'cancelled', paymentStatus: 'failed', isAnswered: true }),
    ]);
    expect(await world.said(contractId, 'rental-requested')).toEqual([]);
    const [ended] = await world.said(contractId, 'contract-ended');
    expect(ended).toMatchObject({ reason: 'INSUFFICIENT_BALANCE', paidE9s: 0, refundE9s: 0, earnedE9s: 0 });
    const holdId = (await world.read(contractId)).operationId;
    const asked = { body: { holdIds: [holdId] } };
    expect(await world.ask(requests.livingHolds, asked, offeringsService)).toEqual({ living: [] });
  });

  it('long after its answer was lost is told, since somebody may wait for it', async () => {
    world.payments = 'fails';
    const { contractId } = await world.rentAnswer();
    expect((await listed())[0]).toContain(contractId);
    await world.heal();
    world.reservations.clear();
    world.balanceE9s = 0n;
    world.now += 11_000_000_000n;
    await world.service.get(ConfirmPayments).sweep(world.now);
    expect((await world.read(contractId)).paymentStatus).toBe('failed');
    const told = await world.said(contractId, 'contract-status-changed');
    expect(told.at(-1)).toMatchObject({ to: 'cancelled', paymentStatus: 'failed' });
    expect(told.at(-1)).not.toHaveProperty('isAnswered');
  });
});
