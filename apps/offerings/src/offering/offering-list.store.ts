import { Database, expression, plannedEachTime } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { Rank } from './domain/rank.ts';
import type { Owner } from './offering.store.ts';
import { offeringRow, type StockedOffering, stockedOfferingRow } from './offering-row.store.ts';
import { OfferingSearch, type SearchFilter, type Statement } from './offering-search.store.ts';

/** Enough for a page of what every second offering has; a rare word costs little more for it. */
const FIRST_WALK = 100;
/** As far as a walk is cheaper than sorting what a common word finds in its index. */
const LONG_WALK = 4_000;

export interface ServedGroup {
  readonly providerPublicKey: string;
  readonly agentPoolId: string | null;
  readonly datacenterCountry: string;
  readonly offeringSource: string;
  readonly provisionerType: string | null;
  readonly count: bigint;
}

const servedGroupRow = offeringRow
  .pick('providerPublicKey', 'agentPoolId', 'datacenterCountry', 'offeringSource', 'provisionerType')
  .and<{ readonly count: bigint }>()({ count: expression('count(*)') });

@Injectable()
export class OfferingListStore {
  constructor(private readonly database: Database) {}

  /**
   * Listed offerings, best first, after a rank.
   * Words that are frequent among the best are found on the way, others in their index: neither sorts the table.
   */
  async search(filter: SearchFilter, after: Rank | undefined, limit: number): Promise<StockedOffering[]> {
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
    return this.cheapest('is_listed and provider_public_key = $5', [providerPublicKey], page);
  }

  /** Everything of one provider, cheapest first. */
  async ofOwner(owner: Owner, page: Page): Promise<StockedOffering[]> {
    return this.cheapest(
      'deleted_at_ns is null and (provider_public_key = $5 or provider_account_id = $6)',
      [owner.publicKey, owner.accountId],
      page,
    );
  }

  /** Listed offerings, counted by what decides who serves them. */
  async servedGroups(): Promise<ServedGroup[]> {
    return servedGroupRow.query(
      this.database,
      `select ${servedGroupRow.select} from offering where is_listed group by 1, 2, 3, 4, 5`,
    );
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
    return this.run({
      text: `select ${stockedOfferingRow.select} from offering where ${condition} and ($2::bigint is null or
         (monthly_price_e9s, id) > ($2, $3::bigint))
       order by monthly_price_e9s, id limit $1 offset $4`,
      values: [
        page.limit,
        page.after?.monthlyPriceE9s ?? null,
        page.after?.id ?? null,
        page.offset,
        ...values,
      ],
    });
  }

  private async run({ text, values }: Statement): Promise<StockedOffering[]> {
    return stockedOfferingRow.query(this.database, plannedEachTime(text), values);
  }
}

export interface Page {
  readonly limit: number;
  readonly offset: number;
  readonly after?: Rank | undefined;
}
