import type { VerbInput } from '@decent-cloud/messages';
import { listPools } from '@decent-cloud/messages/agents';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { OfferingCounts } from './offering-counts.ts';
import { PoolStore } from './pool.store.ts';
import { showPoolWithFigures } from './show-pool.ts';

@Answers(listPools)
export class ListPools implements Verb<typeof listPools> {
  constructor(
    private readonly pools: PoolStore,
    private readonly offerings: OfferingCounts,
  ) {}

  async run({ params, query }: VerbInput<typeof listPools>, { caller, now }: VerbContext) {
    requireUser(caller);
    const pools = await this.pools.listWithFigures(params.pubkey, query, now);
    const counts = await this.offerings.of(params.pubkey, pools);
    return pools.map((pool) => showPoolWithFigures(pool, counts.get(pool.poolId) ?? 0));
  }
}
