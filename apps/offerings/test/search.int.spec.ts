import { requests } from '@decent-cloud/messages';
import { getOffering, listProviderOfferings } from '@decent-cloud/messages/offerings';
import { eventually } from '@decent-cloud/testing';
import { PlayedNeighbours } from './played-neighbours.ts';
import { ANYBODY, hex, RunningOfferings, user } from './running-offerings.ts';

const offerings = RunningOfferings.forFile();
const neighbours = PlayedNeighbours.forFile(offerings);
const { pools, names, provider } = neighbours;

const rank = (id: bigint, reliability: number | null, trust: number | null) =>
  offerings.service.database.query(
    'update offering set reliability_score = $2, trust_score = $3 where id = $1',
    [id, reliability, trust],
  );
const idsOf = (found: readonly { id?: bigint | undefined }[]) => found.map(({ id }) => id);

describe('search', () => {
  it('shows who sells, and who would serve it', async () => {
    const owner = provider();
    const product_type = hex(4);
    const id = await offerings.create(owner, { product_type });
    expect(await offerings.search({ product_type })).toEqual([
      expect.objectContaining({
        id,
        owner_username: names.get(owner.publicKey),
        provider_online: true,
        resolved_pool_id: 'eu',
        resolved_pool_name: 'The eu',
        stock_available: 1,
      }),
    ]);
  });

  it('goes by reliability, trust, price and age; what is unknown comes last', async () => {
    const owner = provider();
    const product_type = hex(4);
    const made: bigint[] = [];
    for (const monthly_price of [1, 2, 3, 3, 9, 8])
      made.push(await offerings.create(owner, { product_type, monthly_price }));
    const [a, b, c, d, e, f] = made as [bigint, bigint, bigint, bigint, bigint, bigint];
    await rank(e, 90, 10);
    await rank(f, 90, 50);
    await rank(b, null, 99);
    await rank(c, 0, null);
    expect(idsOf(await offerings.search({ product_type }))).toEqual([f, e, c, b, a, d]);
    const pages: (bigint | undefined)[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await offerings.search({
        product_type,
        limit: 2,
        ...(cursor === undefined ? {} : { cursor }),
      });
      if (page.length === 0) break;
      pages.push(...idsOf(page));
      cursor = page.at(-1)?.cursor;
    }
    expect(pages).toEqual([f, e, c, b, a, d]);
    expect(idsOf(await offerings.search({ product_type, limit: 2, offset: 3 }))).toEqual([b, a]);
  });

  it.each([
    ['gets dearer than all', 1_000],
    ['gets the cheapest', 0.01],
    ['is gone', undefined],
  ])('loses and repeats nothing when the last offering of a page %s', async (_what, price) => {
    const owner = provider();
    const product_type = hex(4);
    const made: bigint[] = [];
    for (let index = 1; index <= 9; index++) {
      made.push(await offerings.create(owner, { product_type, monthly_price: index }));
    }
    const first = await offerings.search({ product_type, limit: 3 });
    expect(idsOf(first)).toEqual(made.slice(0, 3));
    const { database } = offerings.service;
    if (price === undefined) {
      await database.query('delete from offering where id = $1', [made[2]]);
    } else {
      const priceE9s = BigInt(price * 100) * 10_000_000n;
      await database.query('update offering set monthly_price_e9s = $2 where id = $1', [made[2], priceE9s]);
    }
    const rest = await offerings.search({ product_type, cursor: first.at(-1)?.cursor ?? '' });
    expect(idsOf(rest).filter((id) => id !== made[2])).toEqual(made.slice(3));
    const list = (query: { cursor?: string; limit?: number }) =>
      offerings.ask(listProviderOfferings, { params: { pubkey: owner.publicKey }, query }, ANYBODY);
    const [cheapest, next] = await list({ limit: 2 });
    await database.query('update offering set monthly_price_e9s = 1 where id = $1', [next?.id]);
    const others = await list({ cursor: next?.cursor ?? '' });
    expect(idsOf(others)).not.toContain(cheapest?.id);
    expect(others).toHaveLength((price === undefined ? 8 : 9) - 2);
  });

  it('takes no id as a cursor, so that nobody learns from it about offerings that are not shown', async () => {
    const owner = provider();
    const hidden = await offerings.create(owner, { visibility: 'private', monthly_price: 77.77 });
    const answers = [];
    for (const cursor of [String(hidden), String(hidden + 1_000n)]) {
      answers.push(
        await offerings.search({ cursor }).then(
          (found) => found.length,
          (error: Error) => error.message,
        ),
      );
    }
    const text = 'cursor: must be the member `cursor` of the last offering that you have';
    expect(answers).toEqual([text, text]);
  });

  it('leaves out what nobody serves, and still fills its pages', async () => {
    const [served, unserved] = [provider(), user()];
    pools.set(unserved.publicKey, []);
    const product_type = hex(4);
    const visible: bigint[] = [];
    for (let index = 0; index < 9; index++) {
      await offerings.create(unserved, { product_type, monthly_price: index });
      if (index % 3 === 0)
        visible.push(await offerings.create(served, { product_type, monthly_price: index }));
    }
    expect(idsOf(await offerings.search({ product_type, limit: 2 }))).toEqual(visible.slice(0, 2));
    expect(idsOf(await offerings.search({ product_type, limit: 2, offset: 1 }))).toEqual(visible.slice(1, 3));
    const [, second] = await offerings.search({ product_type, limit: 2 });
    expect(idsOf(await offerings.search({ product_type, limit: 2, cursor: second?.cursor ?? '' }))).toEqual(
      visible.slice(2),
    );
    const all = await offerings.ask(
      listProviderOfferings,
      { params: { pubkey: unserved.publicKey } },
      ANYBODY,
    );
    expect(all).toHaveLength(9);
    expect(all[0]).toMatchObject({ provider_online: false });
  });

  it('shows what is offline as offline', async () => {
    const owner = user();
    pools.set(owner.publicKey, [{ poolId: 'eu', location: 'europe', online: false }]);
    const product_type = hex(4);
    await offerings.create(owner, { product_type });
    expect(await offerings.search({ product_type })).toEqual([
      expect.objectContaining({ provider_online: false }),
    ]);
  });

  it('filters', async () => {
    const owner = provider();
    const product_type = hex(4);
    const make = (changes: Parameters<RunningOfferings['create']>[1]) =>
      offerings.create(owner, { product_type, ...changes });
    const cheap = await make({ monthly_price: 5, offer_name: 'Tiny 100% box_1' });
    const french = await make({
      monthly_price: 10,
      datacenter_country: 'FR',
      description: 'With a GPU inside',
    });
    const scripted = await make({ monthly_price: 15, post_provision_script: '#!/bin/sh\ntrue' });
    const none = await make({ monthly_price: 20, stock_status: 'out_of_stock' });
    const taken = await make({ monthly_price: 30 });
    await offerings.hold(taken);
    const search = async (query: Parameters<RunningOfferings['search']>[0]) =>
      idsOf(await offerings.search({ product_type, ...query }));
    expect(await search({})).toEqual([cheap, french, scripted, none, taken]);
    expect(await search({ country: 'FR' })).toEqual([french]);
    expect(await search({ country: 'fr' })).toEqual([]);
    expect(await search({ in_stock_only: true })).toEqual([cheap, french, scripted]);
    expect(await search({ has_recipe: 'true' })).toEqual([scripted]);
    expect(await search({ min_price_monthly: '10', max_price_monthly: 20 })).toEqual([
      french,
      scripted,
      none,
    ]);
    expect(await search({ min_price_monthly: 1e12 })).toEqual([]);
    expect(await search({ q: '  gpu INSIDE ' })).toEqual([french]);
    expect(await search({ q: '100%' })).toEqual([cheap]);
    expect(await search({ q: '%' })).toEqual([cheap]);
    expect(await search({ q: 'box_' })).toEqual([cheap]);
    expect(await search({ q: 'box\\' })).toEqual([]);
    expect(await search({ q: product_type.toUpperCase() })).toHaveLength(5);
    expect(await search({ q: "'; drop table offering; --" })).toEqual([]);
  });

  it.each([
    { limit: 201 },
    { limit: -1 },
    { offset: -1 },
    { offset: 5_001 },
    { cursor: 'x' },
    { cursor: '99999999' },
    { cursor: '1_1_1_9223372036854775808' },
    { cursor: '1_1_1_1_1' },
    { cursor: "1_1_1_1'" },
  ])('refuses %o', async (query) => {
    await expect(offerings.search(query)).rejects.toMatchObject({ reason: 'INVALID_INPUT' });
  });

  it('asks pools and names once for a page, and not again for a while', async () => {
    const { agents, accounts } = neighbours;
    const product_type = hex(4);
    for (let index = 0; index < 5; index++) await offerings.create(provider(), { product_type });
    const [poolsAsked, namesAsked] = [agents.received.length, accounts.received.length];
    expect(await offerings.search({ product_type })).toHaveLength(5);
    await offerings.search({ product_type });
    expect(agents.received.length - poolsAsked).toBe(1);
    expect(accounts.received.length - namesAsked).toBe(1);
  });

  it('counts what can be rented now', async () => {
    const count = async () => (await offerings.ask(requests.countForRent, {})).count;
    const before = await count();
    const [online, offline] = [provider(), user()];
    pools.set(offline.publicKey, [{ poolId: 'eu', location: 'europe', online: false }]);
    await offerings.create(online);
    await offerings.create(online, { datacenter_country: 'US' });
    await offerings.create(online, { is_draft: true });
    await offerings.create(offline);
    // Whoever has a pool that could make it serves it, wherever that is.
    expect((await count()) - before).toBe(2);
    await expect(offerings.ask(requests.countForRent, {}, ANYBODY)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });
});

describe('while other services are down', () => {
  it('offerings stay listed, without saying who is online and who sells', async () => {
    const owner = provider();
    const product_type = hex(4);
    const id = await offerings.create(owner, { product_type });
    neighbours.agents.stop();
    neighbours.accounts.stop();
    await offerings.connection.flush();
    const [found] = await offerings.search({ product_type });
    expect(found).toMatchObject({ id });
    for (const absent of ['provider_online', 'resolved_pool_id', 'owner_username'])
      expect(found).not.toHaveProperty(absent);
    expect(await offerings.ask(getOffering, { params: { id: String(id) } }, ANYBODY)).toMatchObject({ id });
    await expect(offerings.ask(requests.countForRent, {})).rejects.toMatchObject({
      reason: 'SERVICE_UNAVAILABLE',
    });
    neighbours.start();
    await eventually(async () => (await offerings.search({ product_type }))[0]?.provider_online === true);
  });
});
