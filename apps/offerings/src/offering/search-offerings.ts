import { Refusal } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { searchOfferings } from '@decent-cloud/messages/offerings';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import type { OfferingWire } from './domain/offering.ts';
import { priceBoundE9s } from './domain/price.ts';
import { type Rank, rankOf, readCursor } from './domain/rank.ts';
import { OfferingListStore } from './offering-list.store.ts';
import type { SearchFilter } from './offering-search.store.ts';
import { OfferingView, type Served } from './offering-view.ts';

/** Offerings that nobody serves are passed over; a search that finds nothing else ends here with a short page. */
const MAX_LOOKED_AT = 10_000;
const MAX_OFFSET = 5_000;
const LOOKED_AT_ONCE = 200;

type Query = VerbInput<typeof searchOfferings>['query'];

@Answers(searchOfferings)
export class SearchOfferings implements Verb<typeof searchOfferings> {
  constructor(
    private readonly list: OfferingListStore,
    private readonly view: OfferingView,
  ) {}

  async run({ query }: VerbInput<typeof searchOfferings>, { caller }: VerbContext): Promise<OfferingWire[]> {
    const { limit, offset, cursor } = query;
    if (offset > MAX_OFFSET) {
      throw new Refusal('INVALID', 'INVALID_INPUT', `offset: at most ${MAX_OFFSET}; go on with cursor`);
    }
    const page = await this.collect(filterOf(query), readCursor(cursor), offset, limit);
    return this.view.printPage(page, caller, { withNames: true });
  }

  /** Reads on until the page is full of offerings that somebody serves. */
  private async collect(
    filter: SearchFilter,
    start: Rank | undefined,
    offset: number,
    limit: number,
  ): Promise<Served[]> {
    const wanted = offset + limit;
    const found: Served[] = [];
    let after = start;
    for (let lookedAt = 0; lookedAt < MAX_LOOKED_AT; ) {
      const size = Math.min(LOOKED_AT_ONCE, Math.max(wanted - found.length, limit));
      const offerings = await this.list.search(filter, after, size);
      const served = await this.view.withServing(offerings);
      found.push(...served.filter(({ serving }) => serving !== undefined));
      if (found.length >= wanted || offerings.length < size) break;
      lookedAt += offerings.length;
      const last = offerings.at(-1);
      after = last && rankOf(last);
    }
    return found.slice(offset, wanted);
  }
}

function filterOf(query: Query): SearchFilter {
  const words = query.q?.trim();
  return {
    productType: query.product_type || undefined,
    country: query.country || undefined,
    inStockOnly: query.in_stock_only,
    hasRecipe: query.has_recipe,
    minPriceE9s: query.min_price_monthly === undefined ? undefined : priceBoundE9s(query.min_price_monthly),
    maxPriceE9s: query.max_price_monthly === undefined ? undefined : priceBoundE9s(query.max_price_monthly),
    words: words || undefined,
  };
}
