import { type Caller, facts, requests } from '@decent-cloud/messages';
import {
  cancelContract,
  getContract,
  listContractEvents,
  listMyContracts,
  listProviderContracts,
} from '@decent-cloud/messages/contracts';
import { ConfirmPayments } from '../src/renting/confirm-payments.ts';
import {
  AGENT_KEY,
  HOUR,
  PROVIDER_ACCOUNT,
  PROVIDER_KEY,
  SSH_KEY,
  TENANT_ACCOUNT,
  TENANT_KEY,
  TENANT_OTHER_KEY,
} from './sample-contract.ts';
import { MONTHLY_E9S, offeringsService, provider, tenant, World } from './world.ts';

const PRICE = 100_000_000n;
let world: World;

beforeAll(async () => {
  world = await World.start();
}, 60_000);
afterAll(() => world?.stop(), 60_000);
beforeEach(async () => {
  await world.heal();
  world.autoAccept = true;
  world.emailVerified = true;
  world.balanceE9s = 10n ** 15n;
  world.stock = 1_000;
  world.monthlyE9s = MONTHLY_E9S;
  world.reservations.clear();
  world.beforeHold = () => undefined;
});

const machine = (contractId: string, generation = 1) => ({
  contractId,
  generation,
  agentPublicKey: AGENT_KEY,
  atNs: world.now,
});
const provisioned = (contractId: string, generation = 1) => ({
  ...machine(contractId, generation),
  instance: {
    externalId: 'dc-1',
    provisionerType: 'local',
    publicIp: '127.0.0.1',
    sshPort: 2222,
    sshUser: 'root',
  },
  credentials: [{ recipientPublicKey: TENANT_KEY, envelope: '{"version":2,"ciphertext":"x"}' }],
});
const count = async (table: 'contract' | 'messaging.outbox') => {
  const [row] = await world.service.database.query<{ count: bigint }>(
    `select count(*) as count from ${table}`,
  );
  return row?.count;
};
const rejection = (code: string, reason: string) => expect.objectContaining({ code, reason });

describe('a rental that goes well', () => {
  it('is paid, accepted, made and used, and every step is told once', async () => {
    const { contractId, message } = await world.rentAnswer({ operating_system: 'Debian 12' });
    expect(message).toBe('Rental request created successfully');
    expect(world.charges.get(contractId)).toBe(PRICE);
    const [accepted] = await world.said(contractId, 'contract-accepted');
    expect(accepted).toMatchObject({
      version: 2,
      spec: {
        offeringId: 'small-vps',
        cpuCores: 2,
        memoryMb: 2048,
        operatingSystem: 'Debian 12',
        sshPublicKeys: [SSH_KEY],
      },
      encryptionPublicKeys: [TENANT_KEY, TENANT_OTHER_KEY],
      requesterAccountId: TENANT_ACCOUNT,
      providerAccountId: PROVIDER_ACCOUNT,
    });
    await world.say(facts.provisioningStarted, machine(contractId));
    await world.say(facts.machineProvisioned, provisioned(contractId));
    expect(await world.history(contractId)).toEqual([
      '>requested',
      'requested>accepted',
      'accepted>provisioning',
      'provisioning>provisioned',
      'provisioned>active',
    ]);
    expect((await world.said(contractId, 'contract-status-changed')).map((said) => said.version)).toEqual([
      1, 2, 3, 4, 5,
    ]);
    expect(await world.ask(getContract, { params: { id: contractId } })).toMatchObject({
      contract_id: contractId,
      requester_username: 'alice',
      provider_username: 'bob',
      requester_contact: 'email:alice@example.com',
      offering_id: 'small-vps',
      offering_name: 'Small VPS',
      payment_amount_e9s: PRICE,
      status: 'active',
      payment_status: 'succeeded',
      start_timestamp_ns: world.now,
      end_timestamp_ns: world.now + 10n * HOUR,
      duration_hours: 10,
      reverse_charge: false,
    });
    const events = await world.ask(listContractEvents, { params: { id: contractId } }, provider);
    expect(events.map((event) => event.newStatus ?? event.eventType)).toEqual([
      'requested',
      'payment_confirmed',
      'accepted',
      'provisioning',
      'provisioned',
      'provisioned',
      'active',
    ]);
    const rest = await world.ask(listContractEvents, {
      params: { id: contractId },
      query: { cursor: String(events[4]?.id) },
    });
    expect(rest).toEqual(events.slice(5));
  });

  it('shows planned times until the machine is there', async () => {
    const contractId = await world.rent();
    const shown = await world.ask(getContract, { params: { id: contractId } }, provider);
    expect(shown.start_timestamp_ns).toBe(shown.created_at_ns);
    expect(shown.end_timestamp_ns).toBe(shown.created_at_ns + 10n * HOUR);
    const asked = { body: { contractIds: [contractId, 'ab'.repeat(32)] } };
    expect(await world.ask(requests.contractStates, asked, offeringsService)).toEqual({
      states: [{ contractId, status: 'accepted' }],
    });
  });

  it('asks accounts once: who rents; for the provider only when offerings do not know', async () => {
    const askedBy = async (caller: Caller) => {
      const before = world.askedOfAccounts.length;
      const { providerAccountId } = await world.read(await world.rent({}, caller));
      expect(providerAccountId).toBe(PROVIDER_ACCOUNT);
      return world.askedOfAccounts.slice(before);
    };
    expect(await askedBy(tenant)).toEqual(['ensure-account']);
    // The quote and the hold say whose key it is; the gateway may not know yet.
    expect(world.renterAccounts.slice(-2)).toEqual([TENANT_ACCOUNT, TENANT_ACCOUNT]);
    expect(await askedBy({ kind: 'user', publicKey: TENANT_KEY })).toEqual(['ensure-account']);
    expect(world.renterAccounts.slice(-2)).toEqual([undefined, TENANT_ACCOUNT]);
    world.providerAccountId = undefined;
    expect(await askedBy(tenant)).toEqual(['ensure-account', 'resolve-key']);
    expect(await askedBy(tenant)).toEqual(['ensure-account']);
    world.providerAccountId = PROVIDER_ACCOUNT;
  });

  it('is free on one’s own machines', async () => {
    const contractId = await world.rent({}, provider);
    expect(await world.read(contractId)).toMatchObject({
      priceE9s: 0n,
      paidE9s: 0n,
      status: 'accepted',
      paymentStatus: 'succeeded',
    });
    expect(world.charges.has(contractId)).toBe(false);
  });

  it('may be a test without money', async () => {
    const contractId = await world.rent({ payment_method: 'test' });
    expect(await world.read(contractId)).toMatchObject({ priceE9s: PRICE, paidE9s: 0n, status: 'accepted' });
    await world.ask(cancelContract, { params: { id: contractId }, body: {} });
    const [ended] = await world.said(contractId, 'contract-ended');
    expect(ended).toMatchObject({ paidE9s: 0, refundE9s: 0, earnedE9s: 0, paymentMethod: 'test' });
  });
});

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

describe('what a provider has to answer', () => {
  it('is said when it is paid, not before, and once', async () => {
    world.autoAccept = false;
    world.payments = 'lost';
    const { contractId } = await world.rentAnswer();
    expect(await world.said(contractId, 'rental-requested')).toEqual([]);
    world.now += 11_000_000_000n;
    await world.service.get(ConfirmPayments).sweep(world.now);
    await world.say(facts.rentalCharged, {
      contractId,
      accountId: TENANT_ACCOUNT,
      amountE9s: PRICE,
      currency: 'USD',
      atNs: world.now,
    });
    expect(await world.said(contractId, 'rental-requested')).toEqual([
      expect.objectContaining({ status: 'requested', version: 1, paymentAmountE9s: Number(PRICE) }),
    ]);
  }, 30_000);

  it('is said to the tenant, too: until when at most, and how the money comes back', async () => {
    world.autoAccept = false;
    const key = globalThis.crypto.randomUUID();
    const { message } = await world.rentAnswer({}, tenant, key);
    expect(message).toMatch(
      /answers by hand, within 72 hours at most\. The money is held .* gives all of it back/,
    );
    expect((await world.rentAnswer({}, tenant, key)).message).toBe(message);
  });

  it('is said of free and test rentals, and never when a standing order accepts', async () => {
    const byItself = await world.rent();
    expect(await world.said(byItself, 'rental-requested')).toEqual([]);
    world.autoAccept = false;
    for (const contractId of [await world.rent({}, provider), await world.rent({ payment_method: 'test' })]) {
      expect(await world.said(contractId, 'rental-requested')).toHaveLength(1);
    }
  });
});

describe('a charge whose answer is lost', () => {
  const charge = (contractId: string) => ({
    contractId,
    accountId: TENANT_ACCOUNT,
    amountE9s: PRICE,
    currency: 'USD',
    atNs: world.now,
  });

  it('is finished by the fact, however often it is told', async () => {
    world.payments = 'lost';
    const { contractId, message } = await world.rentAnswer();
    expect(message).toMatch(/payment is being confirmed/);
    expect(await world.read(contractId)).toMatchObject({ status: 'requested', paymentStatus: 'pending' });
    await world.say(facts.rentalCharged, charge(contractId));
    await world.say(facts.rentalCharged, charge(contractId));
    await world.say(facts.rentalCharged, charge(contractId), 'test-same-id');
    expect(await world.read(contractId)).toMatchObject({ status: 'accepted', version: 2, paidE9s: PRICE });
    expect(await world.said(contractId, 'contract-accepted')).toHaveLength(1);
  }, 30_000);

  it('is found in the books by the reconciler', async () => {
    world.payments = 'lost';
    const { contractId } = await world.rentAnswer();
    const chargesBefore = world.chargeRequests;
    world.now += 11_000_000_000n;
    await world.service.get(ConfirmPayments).sweep(world.now);
    await world.service.get(ConfirmPayments).sweep(world.now);
    expect(await world.read(contractId)).toMatchObject({ status: 'accepted', version: 2, paidE9s: PRICE });
    expect(world.chargeRequests).toBe(chargesBefore);
  }, 30_000);

  it('that never was is made by the reconciler, once', async () => {
    world.payments = 'fails';
    const { contractId } = await world.rentAnswer();
    const { balanceE9s } = world;
    await world.heal();
    world.now += 11_000_000_000n;
    await world.service.get(ConfirmPayments).sweep(world.now);
    await world.service.get(ConfirmPayments).sweep(world.now);
    expect(await world.read(contractId)).toMatchObject({ status: 'accepted', paidE9s: PRICE });
    expect(world.balanceE9s).toBe(balanceE9s - PRICE);
  });

  it('and that comes after a cancellation is all to go back', async () => {
    world.payments = 'fails';
    const { contractId } = await world.rentAnswer();
    await world.ask(cancelContract, { params: { id: contractId }, body: {} });
    await world.say(facts.rentalCharged, charge(contractId));
    await world.say(facts.refundIssued, charge(contractId));
    expect(await world.read(contractId)).toMatchObject({
      status: 'cancelled',
      paidE9s: PRICE,
      refundDueE9s: PRICE,
      earnedE9s: 0n,
      paymentStatus: 'refunded',
      refundAmountE9s: PRICE,
    });
    expect(await world.said(contractId, 'contract-ended')).toHaveLength(1);
  });
});

describe('a repeat under the same Idempotency-Key', () => {
  const forgetAnswer = (key: string) =>
    world.service.database.query(
      `update messaging.idempotency_key set answer = null, claimed_until = now() - interval '1 second' where key = $1`,
      [key],
    );

  it('of a rental finds the one that is there, even if its answer was never kept', async () => {
    const first = await world.rent({}, tenant, 'rent-once');
    expect(await world.rent({}, tenant, 'rent-once')).toBe(first);
    await forgetAnswer('rent-once');
    const { balanceE9s } = world;
    expect(await world.rent({}, tenant, 'rent-once')).toBe(first);
    expect(world.balanceE9s).toBe(balanceE9s);
    expect(await world.said(first, 'contract-accepted')).toHaveLength(1);
  });

  it.each([
    { books: 'have heard of the end', isVoid: true, balanceE9s: 10n ** 15n },
    { books: 'have not, and find the wallet empty', isVoid: false, balanceE9s: 0n },
  ])(
    'of a rental that was cancelled before it was paid rents nothing again: the books $books',
    async ({ isVoid, balanceE9s }) => {
      const key = globalThis.crypto.randomUUID();
      world.beforeCharge = async (id) => {
        world.beforeCharge = async () => undefined;
        world.balanceE9s = balanceE9s;
        await world.ask(cancelContract, { params: { id }, body: {} });
        if (isVoid) world.voids.add(id);
      };
      const first = await world.rentAnswer({}, tenant, key);
      expect(first.message).toMatch(/has ended before it was paid/);
      const { chargeRequests } = world;
      world.balanceE9s = 10n ** 15n;
      expect(await world.rentAnswer({}, tenant, key)).toEqual(first);
      expect(world.chargeRequests).toBe(chargeRequests);
      expect(await world.read(first.contractId)).toMatchObject({
        status: 'cancelled',
        endReason: 'CANCELLED_BY_TENANT',
        paidE9s: 0n,
      });
      expect(world.charges.has(first.contractId)).toBe(false);
    },
  );

  it('of a cancellation stays quiet, a second cancellation does not', async () => {
    const id = await world.rent();
    const cancel = (key: string) => world.ask(cancelContract, { params: { id }, body: {} }, tenant, key);
    const text = await cancel('cancel-once');
    await forgetAnswer('cancel-once');
    expect(await cancel('cancel-once')).toBe(text);
    await expect(cancel('cancel-twice')).rejects.toEqual(rejection('CONFLICT', 'TRANSITION_NOT_ALLOWED'));
    expect(await world.said(id, 'contract-ended')).toHaveLength(1);
  });
});
