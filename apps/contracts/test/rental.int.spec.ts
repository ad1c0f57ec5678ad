import { facts, requests } from '@decent-cloud/messages';
import { cancelContract, getContract, listContractEvents } from '@decent-cloud/messages/contracts';
import { ConfirmPayments } from '../src/confirm-payments.ts';
import {
  AGENT_KEY,
  HOUR,
  PROVIDER_ACCOUNT,
  SSH_KEY,
  TENANT_ACCOUNT,
  TENANT_KEY,
  TENANT_OTHER_KEY,
} from './sample-contract.ts';
import { offeringsService, provider, tenant, World } from './world.ts';

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

  it('when the wallet is too small: it ends, and the stock is told', async () => {
    world.balanceE9s = PRICE - 1n;
    const key = 'poor';
    const before = new Set(world.holds.keys());
    await expect(world.rent({}, tenant, key)).rejects.toThrow('Insufficient wallet balance');
    const holdId = [...world.holds.keys()].find((known) => !before.has(known)) as string;
    const [row] = await world.service.database.query<{ contract_id: string }>(
      'select contract_id from contract where operation_id = $1',
      [holdId],
    );
    const contractId = row?.contract_id as string;
    expect(await world.history(contractId)).toEqual(['>requested', 'requested>cancelled']);
    const [ended] = await world.said(contractId, 'contract-ended');
    expect(ended).toMatchObject({
      holdId,
      reason: 'INSUFFICIENT_BALANCE',
      paidE9s: 0,
      refundE9s: 0,
      earnedE9s: 0,
    });
    const asked = { body: { holdIds: [holdId] } };
    expect(await world.ask(requests.livingHolds, asked, offeringsService)).toEqual({ living: [] });
    world.balanceE9s = PRICE;
    const second = await world.rent({}, tenant, key);
    expect(second).not.toBe(contractId);
    expect(world.balanceE9s).toBe(0n);
  });

  it('when a service fails after the hold: the unit goes back', async () => {
    world.accounts = 'fails-after-hold';
    const fresh = await world.addReplica();
    await world.services[0]?.stop();
    world.services.shift();
    expect(world.service).toBe(fresh);
    const before = world.holds.size;
    await expect(world.rent()).rejects.toThrow();
    expect(world.holds.size).toBe(before);
  });

  it('and a hold whose release is lost has an end and no living contract', async () => {
    world.accounts = 'fails-after-hold';
    world.releases = 'fails';
    const fresh = await world.addReplica();
    await world.services[0]?.stop();
    world.services.shift();
    expect(world.service).toBe(fresh);
    const before = new Set(world.holds.keys());
    await expect(world.rent()).rejects.toThrow();
    const [holdId = ''] = [...world.holds.keys()].filter((known) => !before.has(known));
    expect(world.holds.get(holdId)?.untilNs).toBe(world.now + 90_000_000_000n);
    const asked = { body: { holdIds: [holdId] } };
    expect(await world.ask(requests.livingHolds, asked, offeringsService)).toEqual({ living: [] });
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
      world.balanceE9s = balanceE9s;
      world.beforeCharge = async (id) => {
        world.beforeCharge = async () => undefined;
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
