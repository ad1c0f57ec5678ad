import type { VerbInput } from '@decent-cloud/messages';
import { getPool } from '@decent-cloud/messages/agents';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { OfferingCounts } from './offering-counts.ts';
import { PoolStore } from './pool.store.ts';
import { showPoolWithFigures } from './show-pool.ts';

@Answers(getPool)
export class GetPool implements Verb<typeof getPool> {
  constructor(
    private readonly pools: PoolStore,
    private readonly offerings: OfferingCounts,
  ) {}

  async run({ params }: VerbInput<typeof getPool>, { caller, now }: VerbContext) {
    requireUser(caller);
    const pool = await this.pools.getWithFigures(params.pubkey, params.pool_id, now);
    const counts = await this.offerings.of(params.pubkey, [pool]);
    return showPoolWithFigures(pool, counts.get(pool.poolId) ?? 0);
  }
}
