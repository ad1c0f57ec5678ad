import type { VerbInput } from '@decent-cloud/messages';
import { deletePool } from '@decent-cloud/messages/agents';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { PoolStore } from './pool.store.ts';

@Answers(deletePool)
export class DeletePool implements Verb<typeof deletePool> {
  constructor(private readonly pools: PoolStore) {}

  async run({ params }: VerbInput<typeof deletePool>, { caller }: VerbContext): Promise<boolean> {
    requireUser(caller);
    await this.pools.delete(params.pubkey, params.pool_id);
    return true;
  }
}
