import { type Caller, facts, requests } from '@decent-cloud/messages';
import { cancelContract, getContract, listContractEvents } from '@decent-cloud/messages/contracts';
import { ConfirmPayments } from '../src/renting/confirm-payments.ts';
import {
  HOUR,
  PROVIDER_ACCOUNT,
  SSH_KEY,
  TENANT_ACCOUNT,
  TENANT_KEY,
  TENANT_OTHER_KEY,
} from './sample-contract.ts';
import { offeringsService, PRICE, provider, rejection, tenant, World } from './world.ts';

const world = World.forFile();
const { machine, provisioned } = world;

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
