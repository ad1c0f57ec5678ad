import { requests } from '@decent-cloud/messages';
import { getOffering, listProviderOfferings } from '@decent-cloud/messages/offerings';
import { Database, plannedEachTime, type Statement } from '@decent-cloud/postgres';
import { answerRequests, eventually, type PlayedService } from '@decent-cloud/testing';
import { type Rank, rankOf } from '../src/offering/domain/rank.ts';
import { storedDetails } from '../src/offering/offering-details.stored.ts';
import { OfferingListStore } from '../src/offering/offering-list.store.ts';
import type { SearchFilter } from '../src/offering/offering-search.store.ts';
import { ANYBODY, hex, RunningOfferings, type User, user } from './running-offerings.ts';

interface PlayedPool {
  poolId: string;
  location: string;
  online: boolean;
  provisionerType?: string;
}

let offerings: RunningOfferings;
let agents: PlayedService;
let accounts: PlayedService;
const pools = new Map<string, PlayedPool[]>();
const names = new Map<string, string>();

const playAgents = () =>
  answerRequests(offerings.connection, requests.poolsOnline, ({ body: { providerPublicKeys } }) => ({
    pools: providerPublicKeys.flatMap((providerPublicKey) =>
      (pools.get(providerPublicKey) ?? []).map((pool) => ({
        providerPublicKey,
        poolName: `The ${pool.poolId}`,
        ...pool,
      })),
    ),
  }));
const playAccounts = () =>
  answerRequests(offerings.connection, requests.namesOfKeys, ({ body: { publicKeys } }) => ({
    names: Object.fromEntries(
      publicKeys.flatMap((key) => (names.has(key) ? [[key, names.get(key) as string]] : [])),
    ),
  }));

beforeAll(async () => {
  offerings = await RunningOfferings.start();
  agents = playAgents();
  accounts = playAccounts();
}, 60_000);
afterAll(() => offerings.stop());

/** A provider with one pool in Europe, online. */
function provider(): User {
  const owner = user();
  pools.set(owner.publicKey, [{ poolId: 'eu', location: 'europe', online: true }]);
  names.set(owner.publicKey, `name-${owner.publicKey.slice(0, 6)}`);
  return owner;
}
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
    agents.stop();
    accounts.stop();
    await offerings.connection.flush();
    const [found] = await offerings.search({ product_type });
    expect(found).toMatchObject({ id });
    for (const absent of ['provider_online', 'resolved_pool_id', 'owner_username'])
      expect(found).not.toHaveProperty(absent);
    expect(await offerings.ask(getOffering, { params: { id: String(id) } }, ANYBODY)).toMatchObject({ id });
    await expect(offerings.ask(requests.countForRent, {})).rejects.toMatchObject({
      reason: 'SERVICE_UNAVAILABLE',
    });
    agents = playAgents();
    accounts = playAccounts();
    await eventually(async () => (await offerings.search({ product_type }))[0]?.provider_online === true);
  });
});

describe('among many', () => {
  const filter: SearchFilter = { inStockOnly: false, hasRecipe: false };
  const BULK = 20_000;
  const DETAILS = storedDetails.write({
    billing_interval: 'monthly',
    billing_unit: 'month',
    is_subscription: false,
    unmetered_bandwidth: false,
    datacenter_city: 'Berlin',
  });
  const MIDDLE: Rank = { reliabilityOrder: 1, trustOrder: 1, monthlyPriceE9s: 5_000_000_000n, id: 5_000n };

  // Cheapest first. Some words are spread evenly; `zenith` is only among the dearest, `early` only among the cheapest.
  beforeAll(async () => {
    await offerings.service.database.query(
      `insert into offering (operation_id, provider_public_key, offering_id, offer_name, product_type, visibility, is_draft,
         currency, monthly_price_e9s, setup_fee_e9s, stock_status, datacenter_country, offering_source, details, description,
         created_at_ns, updated_at_ns)
       select gen_random_uuid(), lpad(to_hex(n % 500), 64, '0'), 'bulk-' || n, 'Box ' || md5(n::text), 'bulk-' || n % 20,
         'public', false, 'USD', n::bigint * 1000000, 0, 'in_stock', case n % 50 when 0 then 'LU' else 'DE' end, 'provider', $2,
         case when n % 5 = 0 then 'For nightly work. ' else '' end || case when n % 300 = 0 then 'Monsoon. ' else '' end ||
         case when n > 15000 then 'Zenith. ' else '' end || case when n % 10 = 0 and n < 400 then 'Early. ' else '' end ||
         case when n % 1000 = 7 then 'ъю' else '' end,
         1, 1
       from generate_series(1, $1::int) as n`,
      [BULK, DETAILS],
    );
    await offerings.service.database.query('vacuum analyze offering');
  }, 60_000);

  /** The plans of the list queries that the store sends, one after the other. */
  async function plansOf(search: (store: OfferingListStore) => Promise<unknown>): Promise<string[]> {
    const { database } = offerings.service;
    const plans: string[] = [];
    const spy = {
      query: async (statement: Statement, values: readonly unknown[]) => {
        if (typeof statement !== 'string') {
          const explained = plannedEachTime(`explain ${statement.plannedEachTime}`);
          const rows = await database.query<{ 'QUERY PLAN': string }>(explained, values);
          plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
        }
        return database.query(statement, values);
      },
    } as unknown as Database;
    await search(new OfferingListStore(spy));
    return plans;
  }

  it.each([
    ['no filter', filter, undefined, 'offering_ranked'],
    ['a type', { ...filter, productType: 'bulk-7' }, undefined, 'offering_ranked_type'],
    ['a country', { ...filter, country: 'LU' }, undefined, 'offering_ranked_country'],
    ['the page after one', filter, MIDDLE, 'offering_ranked'],
  ] as const)('%s: along its index, never the whole table', async (_what, wanted, after, index) => {
    const plans = await plansOf((store) => store.search(wanted, after, 50));
    expect(plans).toHaveLength(1);
    expect(plans[0]).toMatch(new RegExp(`\\b${index}\\b`));
    expect(plans[0]).not.toMatch(/Seq Scan on offering|Sort/);
    if (after !== undefined) expect(plans[0]).toMatch(/Index Cond: .*ROW\(reliability_order/);
  });

  const NEAR = 'a walk of 100';
  const FAR = 'a walk of 4000';
  const LOOKED_UP = 'the index of words';
  const TO_THE_END = 'a walk';
  it.each([
    ['in all', { words: 'box' }, undefined, [NEAR]],
    ['in all, after one', { words: 'box' }, MIDDLE, [NEAR]],
    ['in every fifth', { words: 'nightly' }, undefined, [NEAR, FAR]],
    ['in every fifth of a type', { words: 'nightly', productType: 'bulk-7' }, undefined, [NEAR, LOOKED_UP]],
    ['in every fifth of a country', { words: 'nightly', country: 'LU' }, undefined, [NEAR]],
    ['in one of 300', { words: 'monsoon' }, undefined, [NEAR, LOOKED_UP]],
    ['in one', { words: 'c4ca4238' }, undefined, [NEAR, LOOKED_UP]],
    ['of three letters, at the end', { words: 'zen' }, undefined, [NEAR, LOOKED_UP]],
    ['in none', { words: 'xylophone' }, undefined, [NEAR, LOOKED_UP]],
    ['in none, after one', { words: 'xylophone' }, MIDDLE, [NEAR, LOOKED_UP]],
    ['in many, all at the end', { words: 'zenith' }, undefined, [NEAR, LOOKED_UP]],
    ['in the first few', { words: 'early' }, undefined, [NEAR, FAR, LOOKED_UP]],
    ['too short for its index', { words: 'ъю' }, undefined, [NEAR, TO_THE_END]],
  ] as const)('a word that is %s', async (_what, wanted, after, ways) => {
    const plans = await plansOf((store) => store.search({ ...filter, ...wanted }, after, 50));
    expect(plans).toHaveLength(ways.length);
    for (const [index, way] of ways.entries()) {
      const plan = plans[index] as string;
      expect(plan).not.toContain('Seq Scan on offering');
      if (way === LOOKED_UP) {
        expect(plan).toMatch(/Bitmap Index Scan on offering_words\b/);
        continue;
      }
      expect(plan).toMatch(/Index Scan using offering_ranked/);
      expect(plan).not.toContain('Sort');
    }
  });

  it.each([
    [{ words: 'box' }],
    [{ words: 'nightly' }],
    [{ words: 'nightly', productType: 'bulk-5' }],
    [{ words: 'nightly', country: 'LU', productType: 'bulk-0' }],
    [{ words: 'monsoon' }],
    [{ words: 'monsoon', maxPriceE9s: 9_000_000_000n, inStockOnly: true }],
    [{ words: 'ca4' }],
    [{ words: 'zenith', country: 'LU' }],
    [{ words: 'early' }],
    [{ words: 'ъю' }],
    [{ words: 'xylophone' }],
    [{ words: '%' }],
  ] as const)('finds with %o what a plain query finds, page by page', async (wanted) => {
    const pattern = `%${wanted.words.replace('%', '\\%')}%`;
    const { productType = null, country = null, maxPriceE9s = null } = wanted as Partial<SearchFilter>;
    const plain = await offerings.service.database.query<{ id: bigint }>(
      `select id from offering
       where is_listed and concat_ws(chr(10), offer_name, product_type, coalesce(description, '')) ilike $1
         and product_type = coalesce($2, product_type) and datacenter_country = coalesce($3, datacenter_country)
         and monthly_price_e9s <= coalesce($4, monthly_price_e9s)
       order by reliability_score desc nulls last, trust_score desc nulls last, monthly_price_e9s, id`,
      [pattern, productType, country, maxPriceE9s],
    );
    const expected = plain.slice(0, 1_000).map(({ id }) => id);
    const store = new OfferingListStore(offerings.service.database);
    const found: bigint[] = [];
    let after: Rank | undefined;
    while (found.length < 1_000) {
      const page = await store.search({ ...filter, ...wanted }, after, 50);
      found.push(...page.map(({ id }) => id));
      const last = page.at(-1);
      if (!last || page.length < 50) break;
      after = rankOf(last);
    }
    expect(found).toEqual(expected);
  });
});

test('what lists say of renting is what a quote says, and nothing is for rent without its agents', async () => {
  const owner = user();
  const id = await offerings.create(owner, { stock_total: 1, datacenter_country: 'BR' });
  const wish = { holdId: globalThis.crypto.randomUUID(), renterPublicKey: hex(32), durationHours: 24 };
  // What is known of pools is two seconds old at most.
  const both = (reason: string | undefined) =>
    eventually(
      async () => {
        const shown = await offerings.ask(getOffering, { params: { id } }, ANYBODY);
        const quoted = await offerings
          .ask(requests.quoteRental, { body: { ...wish, offeringDbId: id } })
          .then(() => undefined)
          .catch((error: { reason: string }) => error.reason);
        const said = [shown.can_rent_now, shown.cannot_rent_reason, quoted];
        if (said.join() !== [reason === undefined, reason, reason].join()) throw new Error(said.join());
        return true;
      },
      { deadlineMs: 20_000, everyMs: 200 },
    );
  pools.set(owner.publicKey, []);
  await both('PROVIDER_OFFLINE');
  // No pool is named and none is in the region: any of the provider gets the work.
  pools.set(owner.publicKey, [{ poolId: 'p', location: 'europe', online: true, provisionerType: 'local' }]);
  await both(undefined);
  const quoted = await offerings.ask(requests.quoteRental, { body: { ...wish, offeringDbId: id } });
  expect(quoted.machineTypes).toEqual(['local']);
  pools.set(owner.publicKey, [{ poolId: 'p', location: 'europe', online: false }]);
  await both('PROVIDER_OFFLINE');
  await offerings.hold(id);
  await both('OUT_OF_STOCK');
}, 100_000);
