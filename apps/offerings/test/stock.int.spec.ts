import { uuidV7 } from '@decent-cloud/kernel';
import { type FactInput, facts, requests } from '@decent-cloud/messages';
import { deleteOffering, getOffering, setAutoAccept, updateOffering } from '@decent-cloud/messages/offerings';
import { answerRequests, sayUntilProcessed } from '@decent-cloud/testing';
import { ANYBODY, body, hex, NOW, RunningOfferings, user } from './running-offerings.ts';

const offerings = RunningOfferings.forFile();

const contractEndedSample = facts.contractEnded.sample as FactInput<typeof facts.contractEnded>;
const release = (holdId: string) => offerings.ask(requests.releaseStock, { body: { holdId } });
const available = async (id: bigint) =>
  (await offerings.ask(getOffering, { params: { id: String(id) } }, ANYBODY)).stock_available;

/** What was said of units that are for rent again. */
const releasesOf = async (holdId: string) => {
  const rows = await offerings.service.database.query<{ payload: object }>(
    `select payload::jsonb as payload from messaging.outbox where subject = $1 and payload::jsonb ->> 'holdId' = $2`,
    [facts.stockReleased.subject, holdId],
  );
  return rows.map(({ payload }) => payload);
};

async function publishEnded(holdId: string): Promise<string> {
  const contractId = hex(32);
  const ended = { ...contractEndedSample, contractId, holdId };
  await sayUntilProcessed(offerings.connection, offerings.service.database, facts.contractEnded, ended);
  return contractId;
}

describe('holding stock', () => {
  it('takes a unit and says what the rental is made of', async () => {
    const owner = user();
    const id = await offerings.create(owner, {
      stock_total: 2,
      monthly_price: 8.2,
      processor_cores: 2,
      memory_amount: '16 GB',
      total_ssd_capacity: '1 TB',
      operating_systems: 'Debian 12',
      provisioner_type: 'proxmox',
      provisioner_config: '{"template_vmid":9000}',
      post_provision_script: '#!/bin/sh\ntrue',
    });
    expect(await offerings.hold(id)).toEqual({
      offeringDbId: id,
      offeringId: expect.stringMatching(/^vps-/),
      offerName: 'Small VPS',
      providerPublicKey: owner.publicKey,
      currency: 'USD',
      monthlyPriceE9s: 8_200_000_000n,
      autoAccept: true,
      datacenterCountry: 'DE',
      cpuCores: 2,
      memoryMb: 16_384,
      storageGb: 1_024,
      operatingSystems: 'Debian 12',
      provisionerType: 'proxmox',
      provisionerConfig: '{"template_vmid":9000}',
      postProvisionScript: '#!/bin/sh\ntrue',
    });
    expect(await available(id)).toBe(1);
  });

  it('of before stored JSON had versions is known with its terms, as is the offering with its details', async () => {
    const id = await offerings.create(user(), { processor_cores: 2, stock_total: 2 });
    const hold = { holdId: uuidV7(NOW), renterPublicKey: hex(32) };
    const terms = await offerings.hold(id, hold);
    const { database } = offerings.service;
    await database.query(`update stock_hold set terms = terms - 'v' where hold_id = $1`, [hold.holdId]);
    await database.query(`update offering set details = details - 'v' where id = $1`, [id]);
    expect(await offerings.hold(id, hold)).toEqual(terms);
    expect(await offerings.hold(id)).toMatchObject({ cpuCores: 2 });
  });

  it('says whether the provider wants to be asked', async () => {
    const owner = user();
    const id = await offerings.create(owner);
    await offerings.ask(setAutoAccept, { body: { autoAcceptRentals: false } }, owner);
    expect(await offerings.hold(id)).toMatchObject({ autoAccept: false });
  });

  it('gives exactly 5 of 5 units to 50 who ask at the same time', async () => {
    const id = await offerings.create(user(), { stock_total: 5 });
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => offerings.hold(id)));
    const refusals = outcomes
      .filter((outcome) => outcome.status === 'rejected')
      .map(({ reason }) => reason.reason);
    expect(outcomes.length - refusals.length).toBe(5);
    expect(new Set(refusals)).toEqual(new Set(['OUT_OF_STOCK']));
    expect(await offerings.living(id)).toBe(5);
    expect(await available(id)).toBe(0);
  });

  it('happens once for each holdId, also at the same time, with the terms of the first time', async () => {
    const owner = user();
    const id = await offerings.create(owner, { stock_total: 3, monthly_price: 5 });
    const same = { holdId: uuidV7(NOW), renterPublicKey: hex(32) };
    const answers = await Promise.all(Array.from({ length: 10 }, () => offerings.hold(id, same)));
    const changed = {
      params: { pubkey: owner.publicKey, id: String(id) },
      body: body({ monthly_price: 50, stock_total: 0 }),
    };
    await offerings.ask(updateOffering, changed, owner);
    answers.push(await offerings.hold(id, same));
    await offerings.ask(deleteOffering, { params: changed.params }, owner);
    answers.push(await offerings.hold(id, same));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]?.monthlyPriceE9s).toBe(5_000_000_000n);
    expect(await offerings.living(id)).toBe(1);
  });

  it('refuses a holdId that belongs to somebody else or to another offering', async () => {
    const [one, two] = [await offerings.create(user(), { stock_total: 3 }), await offerings.create(user())];
    const holdId = uuidV7(NOW);
    await offerings.hold(one, { holdId, renterPublicKey: hex(32) });
    await expect(offerings.hold(one, { holdId })).rejects.toMatchObject({ reason: 'IDEMPOTENCY_KEY_REUSED' });
    await expect(offerings.hold(two, { holdId })).rejects.toMatchObject({ reason: 'IDEMPOTENCY_KEY_REUSED' });
    expect(await offerings.living(two)).toBe(0);
  });

  it('counts one unit when no total is given', async () => {
    const id = await offerings.create(user());
    await offerings.hold(id);
    await expect(offerings.hold(id)).rejects.toMatchObject({ code: 'CONFLICT', reason: 'OUT_OF_STOCK' });
  });

  it.each(['out_of_stock', 'discontinued'])(
    'is refused when the status is %s, whatever the total',
    async (status) => {
      const id = await offerings.create(user(), { stock_status: status, stock_total: 5 });
      expect(await available(id)).toBe(0);
      await expect(offerings.hold(id)).rejects.toMatchObject({ reason: 'OUT_OF_STOCK' });
    },
  );

  it('keeps to the limits of duration', async () => {
    const id = await offerings.create(user(), {
      min_contract_hours: 24,
      max_contract_hours: 48,
      stock_total: 2,
    });
    await expect(offerings.hold(id, { durationHours: 23 })).rejects.toMatchObject({
      reason: 'DURATION_OUT_OF_RANGE',
      message: 'Duration of 23 hours is below the minimum of 24 hours',
    });
    await expect(offerings.hold(id, { durationHours: 49 })).rejects.toMatchObject({
      reason: 'DURATION_OUT_OF_RANGE',
    });
    expect(await offerings.living(id)).toBe(0);
    await offerings.hold(id, { durationHours: 24 });
    await offerings.hold(id, { durationHours: 48 });
  });

  it.each([{ visibility: 'private' }, { visibility: 'shared' }, { is_draft: true }])(
    'of what is %o is for its owner only, with any key of the account',
    async (changes) => {
      const owner = user();
      const id = await offerings.create(owner, { ...changes, stock_total: 3 });
      const second = hex(32);
      const played = answerRequests(offerings.connection, requests.resolveKey, ({ body: { publicKey } }) => ({
        status: 'active' as const,
        accountId: publicKey === second ? owner.accountId : hex(16),
      }));
      await offerings.hold(id, { renterPublicKey: owner.publicKey });
      await offerings.hold(id, { renterPublicKey: second });
      await expect(offerings.hold(id)).rejects.toMatchObject({ reason: 'OFFERING_NOT_FOUND' });
      expect(played.received).toHaveLength(2);
      // Whoever asks knows the account: nobody else is asked.
      const third = { renterPublicKey: hex(32), renterAccountId: owner.accountId };
      const stranger = { renterPublicKey: hex(32), renterAccountId: hex(16) };
      const wish = { offeringDbId: id, durationHours: 24 };
      const quote = (renter: object) =>
        offerings.ask(requests.quoteRental, {
          body: { holdId: uuidV7(NOW), ...wish, ...third, ...renter },
        });
      expect(await quote({})).toMatchObject({ providerAccountId: owner.accountId });
      await offerings.hold(id, third);
      await expect(quote(stranger)).rejects.toMatchObject({ reason: 'OFFERING_NOT_FOUND' });
      await expect(offerings.hold(id, stranger)).rejects.toMatchObject({ reason: 'OFFERING_NOT_FOUND' });
      expect(played.received).toHaveLength(2);
      played.stop();
    },
  );

  it('is refused for what is gone or never was, and for everybody but services', async () => {
    const owner = user();
    const id = await offerings.create(owner);
    await offerings.ask(deleteOffering, { params: { pubkey: owner.publicKey, id: String(id) } }, owner);
    await expect(offerings.hold(id)).rejects.toMatchObject({ reason: 'OFFERING_NOT_FOUND' });
    await expect(offerings.hold(999_999n)).rejects.toMatchObject({ reason: 'OFFERING_NOT_FOUND' });
    const input = {
      holdId: uuidV7(NOW),
      offeringDbId: id,
      renterPublicKey: hex(32),
      durationHours: 1,
      untilNs: NOW,
    };
    await expect(offerings.ask(requests.holdStock, { body: input }, owner)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await expect(
      offerings.ask(requests.releaseStock, { body: { holdId: input.holdId } }, owner),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('giving stock back', () => {
  it('frees the unit once', async () => {
    const id = await offerings.create(user());
    const holdId = uuidV7(NOW);
    await offerings.hold(id, { holdId });
    expect(await release(holdId)).toEqual({ released: true });
    expect(await release(holdId)).toEqual({ released: false });
    expect(await available(id)).toBe(1);
  });

  it('ahead of the hold keeps the late hold from taking a unit', async () => {
    const id = await offerings.create(user());
    const holdId = uuidV7(NOW);
    expect(await release(holdId)).toEqual({ released: false });
    await expect(offerings.hold(id, { holdId })).rejects.toMatchObject({ reason: 'TRANSITION_NOT_ALLOWED' });
    expect(await available(id)).toBe(1);
  });

  it('racing with the hold never leaves the unit taken', async () => {
    const id = await offerings.create(user(), { stock_total: 40 });
    const holdIds = Array.from({ length: 20 }, () => uuidV7(NOW));
    await Promise.all(
      holdIds.flatMap((holdId) => [
        offerings.hold(id, { holdId }).catch((error) => expect(error.reason).toBe('TRANSITION_NOT_ALLOWED')),
        release(holdId),
      ]),
    );
    expect(await offerings.living(id)).toBe(0);
  });

  it('follows from the end of a contract, however often it is told', async () => {
    const id = await offerings.create(user(), { stock_total: 2 });
    const [ending, staying] = [uuidV7(NOW), uuidV7(NOW + 1n)];
    await offerings.hold(id, { holdId: ending });
    await offerings.hold(id, { holdId: staying });
    await publishEnded(ending);
    await publishEnded(ending);
    expect(await available(id)).toBe(1);
    expect(await offerings.living(id)).toBe(1);
  });

  it('is told to whoever keeps the contract, also when the unit went back before', async () => {
    const id = await offerings.create(user());
    const holdId = uuidV7(NOW);
    await offerings.hold(id, { holdId });
    await release(holdId);
    expect(await releasesOf(holdId)).toEqual([]);
    const contractId = await publishEnded(holdId);
    expect(await releasesOf(holdId)).toEqual([{ contractId, holdId, atNs: expect.anything() }]);
  });
});

test('a quote takes nothing, and counts the own unit as free', async () => {
  const owner = user();
  const offeringDbId = await offerings.create(owner, { stock_total: 1 });
  const wish = { holdId: uuidV7(NOW), offeringDbId, renterPublicKey: hex(32), durationHours: 24 };
  const quote = (changes = {}) => offerings.ask(requests.quoteRental, { body: { ...wish, ...changes } });
  const first = await quote();
  const { providerAccountId, ...terms } = first;
  expect(providerAccountId).toBe(owner.accountId);
  expect(await offerings.living(offeringDbId)).toBe(0);
  expect(await offerings.hold(offeringDbId, wish)).toEqual(terms);
  expect(await quote()).toEqual(terms);
  const other = { holdId: uuidV7(NOW) };
  await expect(quote(other)).rejects.toMatchObject({ reason: 'OUT_OF_STOCK' });
  await expect(quote({ renterPublicKey: hex(32) })).rejects.toMatchObject({
    reason: 'IDEMPOTENCY_KEY_REUSED',
  });
  await offerings.ask(requests.releaseStock, { body: { holdId: wish.holdId } });
  await expect(quote()).rejects.toMatchObject({ reason: 'TRANSITION_NOT_ALLOWED' });
  expect(await quote(other)).toEqual(first);
  await expect(quote({ ...other, durationHours: 1_000_000 })).resolves.toEqual(first);
  await expect(quote({ ...other, offeringDbId: 9_999_999n })).rejects.toMatchObject({
    reason: 'OFFERING_NOT_FOUND',
  });
});
