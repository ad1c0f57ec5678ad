import type { Case } from '../bench.ts';
import { HttpLoad } from '../load/http-load.ts';
import { plainRequest } from '../load/signed-request.ts';
import { fillMarket, growToMillion } from '../platform/market.ts';
import { percentile } from '../report/percentile.ts';

const PAGES = 200;
const WARM_UP = 50;
const SEARCHES = [
  { name: 'search at a million, no filter', path: '/api/v1/offerings' },
  { name: 'search at a million, country', path: '/api/v1/offerings?country=DE' },
  {
    name: 'search at a million, type and price',
    path: '/api/v1/offerings?product_type=gpu&max_price_monthly=100',
  },
] as const;

/** Pages must not grow with the table. Takes minutes, for the rows. */
export const million: Case = {
  lines: SEARCHES.map(({ name }) => ({ bar: 'P10', name })),
  async run(bench) {
    const market = await bench.once(fillMarket);
    const load = new HttpLoad(market.platform.url, 1);
    bench.atEnd(async () => load.close());
    const p50s = async (): Promise<number[]> => {
      await market.platform.quiet();
      const found: number[] = [];
      for (const { path } of SEARCHES) {
        const pages = new Array(WARM_UP + PAGES).fill(plainRequest({ method: 'GET', path }));
        found.push(percentile((await load.drive(pages)).slice(WARM_UP), 50));
      }
      return found;
    };
    const before = await p50s();
    await growToMillion(bench, market);
    const after = await p50s();
    return SEARCHES.map(({ name }, index) => {
      const [small, large] = [before[index] as number, after[index] as number];
      return {
        bar: 'P10',
        name,
        measured: { value: large, unit: 'ms' },
        yardstick: { what: 'of 100,000', value: small, unit: 'ms' },
        ratio: large / small,
        limit: { atMost: 2 },
        note: 'p50 through the gateway, one after the other',
      };
    });
  },
};
