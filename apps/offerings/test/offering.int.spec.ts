import { requests } from '@decent-cloud/messages';
import {
  createOffering,
  deleteOffering,
  getOffering,
  listMyOfferings,
  listProviderOfferings,
  updateOffering,
} from '@decent-cloud/messages/offerings';
import { answerRequests, eventually } from '@decent-cloud/testing';
import { PublishScheduled } from '../src/offering/publish-scheduled.ts';
import { ANYBODY, body, HOUR, hex, RunningOfferings, type User, user } from './running-offerings.ts';

const offerings = RunningOfferings.forFile();

const get = (id: bigint, caller: Parameters<RunningOfferings['ask']>[2] = ANYBODY) =>
  offerings.ask(getOffering, { params: { id: String(id) } }, caller);
const update = (id: bigint, owner: User, changes: Parameters<typeof body>[0], caller: User = owner) =>
  offerings.ask(
    updateOffering,
    { params: { pubkey: caller.publicKey, id: String(id) }, body: body(changes) },
    caller,
  );
const remove = (id: bigint, caller: User) =>
  offerings.ask(deleteOffering, { params: { pubkey: caller.publicKey, id: String(id) } }, caller);
const notFound = { code: 'NOT_FOUND', reason: 'OFFERING_NOT_FOUND', message: 'Offering not found' };

describe('an offering', () => {
  it('comes back as it was sent, prices exact', async () => {
    const owner = user();
    const sent = body({
      monthly_price: 8.2,
      setup_fee: 0.000000001,
      price_per_unit: 0.07,
      included_units: 100,
      stock_total: 5,
      processor_cores: 2,
      memory_amount: '4 GB',
      datacenter_latitude: 52.52,
      description: 'Snowman ☃',
    });
    const id = await offerings.ask(
      createOffering,
      { params: { pubkey: owner.publicKey }, body: sent },
      owner,
    );
    expect(typeof id).toBe('bigint');
    expect(await get(id)).toEqual({
      ...sent,
      id,
      pubkey: owner.publicKey,
      is_subscription: false,
      is_draft: false,
      stock_available: 5,
      can_rent_now: true,
      offering_source: 'provider',
      created_at_ns: offerings.now,
    });
  });

  it('is made once for each Idempotency-Key, also when the answer was never kept', async () => {
    const owner = user();
    const sent = body();
    const create = () =>
      offerings.ask(createOffering, { params: { pubkey: owner.publicKey }, body: sent }, owner, 'k1');
    const id = await create();
    expect(await create()).toBe(id);
    await offerings.service.database.query(
      `update messaging.idempotency_key set answer = null, claimed_until = now() - interval '1 hour' where caller = $1`,
      [owner.publicKey],
    );
    expect(await create()).toBe(id);
  });

  it('has a slug of its own within its provider, free again after deletion', async () => {
    const [owner, other] = [user(), user()];
    const id = await offerings.create(owner, { offering_id: 'same' });
    await expect(offerings.create(owner, { offering_id: 'same' })).rejects.toMatchObject({
      code: 'CONFLICT',
      reason: 'OFFERING_EXISTS',
      message: "Offering with ID 'same' already exists for this provider",
    });
    await offerings.create(other, { offering_id: 'same' });
    const second = await offerings.create(owner, { offering_id: 'second' });
    await expect(update(second, owner, { offering_id: 'same' })).rejects.toMatchObject({
      reason: 'OFFERING_EXISTS',
    });
    await remove(id, owner);
    await offerings.create(owner, { offering_id: 'same' });
  });

  it.each([
    [{ currency: 'XXX' }, 'CURRENCY_UNSUPPORTED'],
    [{ monthly_price: -1 }, 'INVALID_INPUT'],
    [{ monthly_price: 0.1 + 0.2 }, 'AMOUNT_INVALID'],
    [{ offering_id: ' ' }, 'INVALID_INPUT'],
    [{ offer_name: 'a\0b' }, 'INVALID_INPUT'],
    [{ stock_total: -1 }, 'INVALID_INPUT'],
  ])('is refused with %o and leaves nothing behind', async (changes, reason) => {
    const owner = user();
    await expect(offerings.create(owner, changes)).rejects.toMatchObject({ reason });
    expect(await offerings.ask(listMyOfferings, {}, owner)).toEqual([]);
  });

  it('is replaced in full: what is left out is cleared', async () => {
    const owner = user();
    const id = await offerings.create(owner, { description: 'old', memory_amount: '4 GB', stock_total: 3 });
    expect(await update(id, owner, { offering_id: 'renamed', monthly_price: 9 })).toBe(
      'Offering updated successfully',
    );
    const now = await get(id);
    expect(now).toMatchObject({ offering_id: 'renamed', monthly_price: 9, stock_available: 1 });
    expect(now).not.toHaveProperty('description');
    expect(now).not.toHaveProperty('memory_amount');
    expect(now).not.toHaveProperty('stock_total');
  });

  it('is counted for the key that made it, until it is deleted', async () => {
    const owner = user();
    const held = async () => {
      const asked = { body: { publicKey: owner.publicKey } };
      const { holdings } = await offerings.ask(requests.holdingsOfKeyInOfferings, asked);
      return holdings.map(({ what, count }) => `${count} ${what}`);
    };
    const id = await offerings.create(owner);
    expect(await held()).toEqual(['1 offerings', '0 provider settings']);
    await remove(id, owner);
    expect(await held()).toEqual(['0 offerings', '0 provider settings']);
  });

  it('can be changed and deleted with another key of the account, by nobody else', async () => {
    const owner = user();
    const id = await offerings.create(owner);
    const secret = await offerings.create(owner, { visibility: 'private' });
    const stranger = user();
    const denied = {
      code: 'FORBIDDEN',
      reason: 'NOT_OWNER',
      message: 'Unauthorized: You do not own this offering',
    };
    await expect(update(id, owner, {}, stranger)).rejects.toMatchObject(denied);
    await expect(remove(id, stranger)).rejects.toMatchObject(denied);
    await expect(remove(secret, stranger)).rejects.toMatchObject(notFound);
    await expect(update(secret, owner, {}, stranger)).rejects.toMatchObject(notFound);
    await update(id, owner, {}, { ...owner, publicKey: hex(32) });
    expect(await remove(id, { ...owner, publicKey: hex(32) })).toBe('Offering deleted successfully');
    await expect(get(id, owner)).rejects.toMatchObject(notFound);
    await expect(remove(id, owner)).rejects.toMatchObject(notFound);
  });

  it('keeps scripts and configuration to its owner', async () => {
    const owner = user();
    const id = await offerings.create(owner, {
      post_provision_script: '#!/bin/sh\necho secret-script',
      provisioner_config: '{"token":"secret-config"}',
    });
    expect(await get(id, owner)).toMatchObject({
      post_provision_script: '#!/bin/sh\necho secret-script',
      provisioner_config: '{"token":"secret-config"}',
    });
    const [mine] = await offerings.ask(listMyOfferings, {}, owner);
    expect(mine).toHaveProperty('post_provision_script');
    const seen = [
      await get(id),
      await get(id, user()),
      await offerings.search({}),
      await offerings.ask(listProviderOfferings, { params: { pubkey: owner.publicKey } }, ANYBODY),
    ];
    expect(
      JSON.stringify(seen, (_key, value) => (typeof value === 'bigint' ? String(value) : value)),
    ).not.toContain('secret-');
  });
});

describe('who sees what', () => {
  const cases = [
    ['public', {}, true],
    ['public draft', { is_draft: true }, false],
    ['shared', { visibility: 'shared' }, false],
    ['private', { visibility: 'private' }, false],
    ['something else', { visibility: 'friends' }, false],
  ] as const;

  it.each(cases)('%s: owner always, others %s', async (_what, changes, forAll) => {
    const owner = user();
    const id = await offerings.create(owner, changes);
    expect(await get(id, owner)).toMatchObject({ id });
    expect((await offerings.ask(listMyOfferings, {}, owner)).map((it) => it.id)).toEqual([id]);
    const outcome = await Promise.allSettled([get(id), get(id, user())]);
    expect(outcome.map(({ status }) => status)).toEqual(
      forAll ? ['fulfilled', 'fulfilled'] : ['rejected', 'rejected'],
    );
    const listed = await offerings.ask(
      listProviderOfferings,
      { params: { pubkey: owner.publicKey } },
      user(),
    );
    expect(listed.map((it) => it.id)).toEqual(forAll ? [id] : []);
    const found = await offerings.search({ limit: 200 });
    expect(found.some((it) => it.id === id)).toBe(forAll);
  });

  it('lists of a provider go from cheap to dear, page by page', async () => {
    const owner = user();
    const ids: bigint[] = [];
    for (const price of [5, 3, 9, 3]) ids.push(await offerings.create(owner, { monthly_price: price }));
    const [a, b, c, d] = ids;
    const list = (query: { limit?: number; offset?: number; cursor?: string }) =>
      offerings
        .ask(listProviderOfferings, { params: { pubkey: owner.publicKey }, query }, ANYBODY)
        .then((found) => found.map((it) => it.id));
    const [, second] = await offerings.ask(
      listProviderOfferings,
      { params: { pubkey: owner.publicKey }, query: { limit: 2 } },
      ANYBODY,
    );
    expect(await list({})).toEqual([b, d, a, c]);
    expect(await list({ limit: 2 })).toEqual([b, d]);
    expect(await list({ limit: 2, offset: 2 })).toEqual([a, c]);
    expect(await list({ limit: 2, cursor: second?.cursor ?? '' })).toEqual([a, c]);
    await expect(list({ cursor: 'x' })).rejects.toMatchObject({ reason: 'INVALID_INPUT' });
    await expect(list({ limit: 201 })).rejects.toMatchObject({ reason: 'INVALID_INPUT' });
  });

  it('a draft appears when its time has come', async () => {
    const owner = user();
    const at = (offset: bigint) => new Date(Number((offerings.now + offset) / 1_000_000n)).toISOString();
    const due = await offerings.create(owner, { is_draft: true, publish_at: at(-1_000_000n) });
    const later = await offerings.create(owner, { is_draft: true, publish_at: at(HOUR) });
    await offerings.service.get<PublishScheduled>(PublishScheduled).sweep(offerings.now);
    expect(await get(due)).toMatchObject({ is_draft: false });
    expect(await get(due)).not.toHaveProperty('publish_at');
    await expect(get(later)).rejects.toMatchObject(notFound);
    expect(await get(later, owner)).toMatchObject({ is_draft: true, publish_at: at(HOUR) });
  });
});

describe('a named pool', () => {
  it('must be one of the provider, and cannot be named while nobody knows', async () => {
    const owner = user();
    await expect(offerings.create(owner, { agent_pool_id: 'mine' })).rejects.toMatchObject({
      reason: 'SERVICE_UNAVAILABLE',
    });
    const played = answerRequests(
      offerings.connection,
      requests.poolsOnline,
      ({ body: { providerPublicKeys } }) => ({
        pools: providerPublicKeys.map((providerPublicKey) => ({
          providerPublicKey,
          poolId: 'mine',
          poolName: 'Mine',
          location: 'na',
          online: true,
        })),
      }),
    );
    const id = await eventually(() => offerings.create(owner, { agent_pool_id: 'mine' }));
    await expect(offerings.create(owner, { agent_pool_id: 'theirs' })).rejects.toMatchObject({
      reason: 'POOL_NOT_FOUND',
    });
    await expect(update(id, owner, { agent_pool_id: 'theirs' })).rejects.toMatchObject({
      reason: 'POOL_NOT_FOUND',
    });
    played.stop();
    await update(id, owner, { agent_pool_id: 'mine' });
    await offerings.create(owner);
    await offerings.create(owner, { datacenter_country: 'US', visibility: 'private' });
    expect(
      await offerings.ask(requests.countByPool, { body: { providerPublicKey: owner.publicKey } }),
    ).toEqual({ byPoolId: { mine: 1 }, byCountry: { DE: 1, US: 1 } });
  });
});
