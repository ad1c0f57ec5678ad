import { Refusal } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { createPool } from '@decent-cloud/messages/agents';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { PoolStore } from './pool.store.ts';
import { showPool } from './show-pool.ts';

@Answers(createPool)
export class CreatePool implements Verb<typeof createPool> {
  constructor(private readonly pools: PoolStore) {}

  async run({ params, body }: VerbInput<typeof createPool>, { caller, operationId, now }: VerbContext) {
    requireUser(caller);
    for (const [field, value] of Object.entries(body)) {
      if (value.trim() === '') throw new Refusal('INVALID', 'INVALID_INPUT', `${field}: must not be empty`);
    }
    const pool = await this.pools.create({ providerPublicKey: params.pubkey, ...body }, operationId, now);
    return showPool(pool);
  }
}
