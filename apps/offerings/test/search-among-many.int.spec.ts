import { type Database, plannedEachTime, type Statement } from '@decent-cloud/postgres';
import { type Rank, rankOf } from '../src/offering/domain/rank.ts';
import { storedDetails } from '../src/offering/offering-details.stored.ts';
import { OfferingListStore } from '../src/offering/offering-list.store.ts';
import type { SearchFilter } from '../src/offering/offering-search.store.ts';
import { RunningOfferings } from './running-offerings.ts';

const offerings = RunningOfferings.forFile();

describe('search among many', () => {
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
