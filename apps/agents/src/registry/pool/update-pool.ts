import { Refusal } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { updatePool } from '@decent-cloud/messages/agents';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { PoolStore } from './pool.store.ts';

@Answers(updatePool)
export class UpdatePool implements Verb<typeof updatePool> {
  constructor(private readonly pools: PoolStore) {}

  async run({ params, body }: VerbInput<typeof updatePool>, { caller }: VerbContext): Promise<boolean> {
    requireUser(caller);
    const changes = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
    for (const [field, value] of Object.entries(changes)) {
      if (value?.trim() === '') throw new Refusal('INVALID', 'INVALID_INPUT', `${field}: must not be empty`);
    }
    const changed =
      Object.keys(changes).length > 0 && (await this.pools.update(params.pubkey, params.pool_id, changes));
    if (!changed) throw new Refusal('NOT_FOUND', 'POOL_NOT_FOUND', 'No fields to update or pool not found');
    return true;
  }
}
