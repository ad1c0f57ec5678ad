import { Refusal } from '@decent-cloud/kernel';
import { Database, plannedEachTime } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { Owner } from './offering.store.ts';
import {
  STOCKED_OFFERING_COLUMNS,
  type StockedOffering,
  type StockedOfferingRow,
  stockedOfferingOfRow,
} from './offering-row.ts';
import { OfferingSearch, type SearchFilter, type Statement } from './offering-search.ts';

/** Enough for a page of what every second offering has; a rare word costs little more for it. */
const FIRST_WALK = 100;
/** As far as a walk is cheaper than sorting what a common word finds in its index. */
const LONG_WALK = 4_000;

export interface ServedGroup {
  readonly providerPublicKey: string;
  readonly agentPoolId: string | null;
  readonly datacenterCountry: string;
  readonly offeringSource: string;
  readonly count: bigint;
}

@Injectable()
export class OfferingListStore {
  constructor(private readonly database: Database) {}

  /**
   * Listed offerings, best first, after the one that is named.
   * Words that are frequent among the best are found on the way, others in their index: neither sorts the table.
   */
  async search(filter: SearchFilter, after: bigint | undefined, limit: number): Promise<StockedOffering[]> {
    if (after !== undefined) await this.assertKnown(after);
    const search = new OfferingSearch(filter, after, limit);
    if (filter.words === undefined) return this.run(search.walk());
    const first = await this.run(search.walkAtMost(FIRST_WALK));
    if (first.length === limit) return first;
    if (!search.canLookUpWords) return this.run(search.walk());
    if (first.length * LONG_WALK >= limit * FIRST_WALK) {
      const found = await this.run(search.walkAtMost(LONG_WALK));
      if (found.length === limit) return found;
    }
    return this.run(search.lookUpWords());
  }

  /** What everybody sees of one provider, cheapest first. */
  async ofProvider(providerPublicKey: string, page: Page): Promise<StockedOffering[]> {
    return this.cheapest('is_listed and provider_public_key = $4', [providerPublicKey], page);
  }

  /** Everything of one provider, cheapest first. */
  async ofOwner(owner: Owner, page: Page): Promise<StockedOffering[]> {
    return this.cheapest(
      'deleted_at_ns is null and (provider_public_key = $4 or provider_account_id = $5)',
      [owner.publicKey, owner.accountId],
      page,
    );
  }

  /** Listed offerings, counted by what decides who serves them. */
  async servedGroups(): Promise<ServedGroup[]> {
    const rows = await this.database.query<{
      provider_public_key: string;
      agent_pool_id: string | null;
      datacenter_country: string;
      offering_source: string;
      count: bigint;
    }>(
      `select provider_public_key, agent_pool_id, datacenter_country, offering_source, count(*) as count
       from offering where is_listed group by 1, 2, 3, 4`,
    );
    return rows.map((row) => ({
      providerPublicKey: row.provider_public_key,
      agentPoolId: row.agent_pool_id,
      datacenterCountry: row.datacenter_country,
      offeringSource: row.offering_source,
      count: row.count,
    }));
  }

  /** A provider's offerings by the pool that they name, else by country; drafts and private ones too. */
  async countByPool(
    providerPublicKey: string,
  ): Promise<{ pool: string | null; country: string; count: bigint }[]> {
    return this.database.query(
      `select agent_pool_id as pool, datacenter_country as country, count(*) as count
       from offering where deleted_at_ns is null and provider_public_key = $1 group by 1, 2`,
      [providerPublicKey],
    );
  }

  private async cheapest(condition: string, values: unknown[], page: Page): Promise<StockedOffering[]> {
    if (page.after !== undefined) await this.assertKnown(page.after);
    return this.run({
      text: `select ${STOCKED_OFFERING_COLUMNS} from offering where ${condition} and ($2::bigint is null or
         (monthly_price_e9s, id) > (select monthly_price_e9s, id from offering where id = $2))
       order by monthly_price_e9s, id limit $1 offset $3`,
      values: [page.limit, page.after ?? null, page.offset, ...values],
    });
  }

  private async run({ text, values }: Statement): Promise<StockedOffering[]> {
    const rows = await this.database.query<StockedOfferingRow>(plannedEachTime(text), values);
    return rows.map(stockedOfferingOfRow);
  }

  private async assertKnown(id: bigint): Promise<void> {
    const rows = await this.database.query('select 1 from offering where id = $1', [id]);
    if (rows.length === 0) throw badCursor();
  }
}

export interface Page {
  readonly limit: number;
  readonly offset: number;
  readonly after?: bigint | undefined;
}

const badCursor = (): Refusal =>
  new Refusal('INVALID', 'INVALID_INPUT', 'cursor: must be the id of the last offering that you have');

/** The cursor of a list of offerings: the id of the last one seen. */
export function readCursor(cursor: string | undefined): bigint | undefined {
  if (cursor === undefined || cursor === '') return undefined;
  if (!/^\d{1,18}$/.test(cursor)) throw badCursor();
  return BigInt(cursor);
}
