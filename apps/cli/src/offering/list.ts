import {
  listMyOfferings,
  listProviderOfferings,
  type offering,
  searchOfferings,
} from '@decent-cloud/messages/offerings';
import type { Output } from '@decent-cloud/messages/wire';
import type { Command } from 'commander';
import { table } from '../print.ts';
import type { Session } from '../session.ts';
import { type Run, verb, whole } from '../verb.ts';
import { forRent } from './for-rent.ts';

type Offering = Output<typeof offering>;

interface ListOptions {
  readonly filter?: string;
  readonly provider?: string;
  readonly mine?: boolean;
  readonly productType?: string;
  readonly country?: string;
  readonly inStockOnly?: boolean;
  readonly limit: number;
}

/** The same list stands below `offering` and below `contract`. */
export function addList(parent: Command, run: Run, name: string, path: string): void {
  verb<ListOptions>(parent, run, {
    name,
    summary: 'search the marketplace',
    example: `${path} --in-stock-only --limit 10`,
    configure: (command) =>
      command
        .option('--filter <text>', 'text in name, description or product type')
        .option('--provider <key>', 'only those of this provider')
        .option('--mine', 'own ones, drafts and private ones included')
        .option('--product-type <type>', 'such as compute, gpu, dedicated')
        .option('--country <code>', 'two letters, such as DE')
        .option('--in-stock-only', 'only what is in stock')
        .option('--limit <count>', 'at most so many', whole(1, 200), 50),
    async run(session, options) {
      const found = await search(session, options);
      const rows = found.map((one) => [
        one.id,
        one.offer_name,
        one.provider_name ?? one.owner_username,
        [one.datacenter_city, one.datacenter_country].filter(Boolean).join(', '),
        one.monthly_price.toFixed(2),
        one.currency,
        one.stock_available ?? one.stock_status,
        forRent(one),
      ]);
      const head = ['id', 'name', 'provider', 'place', 'per month', 'currency', 'stock', 'for rent'];
      const total = found.length > 0 ? `Total: ${found.length} offering(s)\n` : '';
      return { json: found, text: table(head, rows, 'No offerings') + total };
    },
  });
}

async function search(session: Session, options: ListOptions): Promise<Offering[]> {
  const { filter, provider, mine, productType, country, inStockOnly, limit } = options;
  if (mine) return await session.call(listMyOfferings, { query: { limit } });
  if (provider === undefined) {
    return await session.call(searchOfferings, {
      query: {
        limit,
        q: filter,
        product_type: productType,
        country,
        ...(inStockOnly && { in_stock_only: true }),
      },
    });
  }
  const offers = await session.call(listProviderOfferings, {
    params: { pubkey: provider },
    query: { limit },
  });
  const wanted = filter?.toLowerCase();
  return offers.filter(
    (one) =>
      (wanted === undefined || `${one.offer_name} ${one.description}`.toLowerCase().includes(wanted)) &&
      (productType === undefined || one.product_type === productType) &&
      (country === undefined || one.datacenter_country === country) &&
      (!inStockOnly || (one.stock_status === 'in_stock' && one.stock_available !== 0)),
  );
}
