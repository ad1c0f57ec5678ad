import type { Rank } from './domain/rank.ts';
import { HELD_UNITS, stockedOfferingRow } from './offering-row.store.ts';

export interface SearchFilter {
  readonly productType?: string | undefined;
  readonly country?: string | undefined;
  readonly inStockOnly: boolean;
  readonly hasRecipe: boolean;
  readonly minPriceE9s?: bigint | undefined;
  readonly maxPriceE9s?: bigint | undefined;
  readonly words?: string | undefined;
}

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Best first; ascending throughout, so that one row comparison continues a page. */
const RANK = 'reliability_order, trust_order, monthly_price_e9s, id';
/** Same expression as the trigram index. */
const WORDS = `(offer_name || chr(10) || product_type || chr(10) || coalesce(description, ''))`;
/** Without it the trigram index has nothing to look up and would be read whole. */
const TRIGRAM = /[\p{L}\p{N}]{3}/u;

/** The statements that find one page of listed offerings, best first, after a rank. */
export class OfferingSearch {
  private readonly values: unknown[];
  /** What an index of the ranking can answer while it is walked. */
  private readonly walked = ['is_listed'];
  private readonly filtered: string[] = [];
  private readonly words: string | undefined;
  readonly canLookUpWords: boolean;

  constructor(filter: SearchFilter, after: Rank | undefined, limit: number) {
    this.values = [limit];
    const narrow = filter.country === undefined ? this.walked : this.filtered;
    this.where(this.walked, (it) => `datacenter_country = ${it}`, filter.country);
    this.where(narrow, (it) => `product_type = ${it}`, filter.productType);
    this.where(this.filtered, (it) => `monthly_price_e9s >= ${it}`, filter.minPriceE9s);
    this.where(this.filtered, (it) => `monthly_price_e9s <= ${it}`, filter.maxPriceE9s);
    if (after) {
      const { reliabilityOrder, trustOrder, monthlyPriceE9s, id } = after;
      const [reliability, trust, price, last] = [reliabilityOrder, trustOrder, monthlyPriceE9s, id].map(
        (value) => this.add(value),
      );
      // A select, which hides the figures from the planner: it looks at the first alone and takes the rest for almost nothing.
      this.walked.push(
        `(${RANK}) > (select ${reliability}::float8, ${trust}::int, ${price}::bigint, ${last}::bigint)`,
      );
    }
    if (filter.hasRecipe) this.filtered.push('post_provision_script is not null');
    if (filter.inStockOnly) {
      this.filtered.push(`stock_status = 'in_stock'`, `${HELD_UNITS} < coalesce(stock_total, 1)`);
    }
    if (filter.words !== undefined) this.words = `${WORDS} ilike ${this.add(likeText(filter.words))}`;
    this.canLookUpWords = filter.words !== undefined && TRIGRAM.test(filter.words);
  }

  /** Goes along the ranking until the page is full. */
  walk(): Statement {
    return this.statement(`from offering where ${this.all().join(' and ')} order by ${RANK} limit $1`);
  }

  /** The same, but looks at no more offerings than that. */
  walkAtMost(rows: number): Statement {
    const near = `select * from offering where ${this.walked.join(' and ')} order by ${RANK} limit ${rows}`;
    const filters = [...this.filtered, ...(this.words === undefined ? [] : [this.words])];
    return this.statement(
      `from (${near}) as offering where ${filters.join(' and ') || 'true'} order by ${RANK} limit $1`,
    );
  }

  /**
   * Takes the words from their index and sorts what it finds. Materialized, because the planner, who cannot tell common
   * words from rare ones, might walk along the ranking through the whole table instead.
   */
  lookUpWords(): Statement {
    const matching = `select * from offering where ${this.all().join(' and ')}`;
    return this.statement(
      `from matching as offering order by ${RANK} limit $1`,
      `with matching as materialized (${matching}) `,
    );
  }

  private all(): readonly string[] {
    return [...this.walked, ...this.filtered, ...(this.words === undefined ? [] : [this.words])];
  }

  private statement(clauses: string, before = ''): Statement {
    return { text: `${before}select ${stockedOfferingRow.select} ${clauses}`, values: this.values };
  }

  private where(conditions: string[], condition: (placeholder: string) => string, value: unknown): void {
    if (value !== undefined) conditions.push(condition(this.add(value)));
  }

  private add(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}

const likeText = (words: string): string => `%${words.replace(/[\\%_]/g, '\\$&')}%`;
