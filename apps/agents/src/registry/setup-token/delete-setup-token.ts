import { Refusal } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { deleteSetupToken } from '@decent-cloud/messages/agents';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { PoolStore } from '../pool/pool.store.ts';
import { SetupTokenStore } from './setup-token.store.ts';

@Answers(deleteSetupToken)
export class DeleteSetupToken implements Verb<typeof deleteSetupToken> {
  constructor(
    private readonly pools: PoolStore,
    private readonly tokens: SetupTokenStore,
  ) {}

  async run({ params }: VerbInput<typeof deleteSetupToken>, { caller }: VerbContext): Promise<boolean> {
    requireUser(caller);
    const pool = await this.pools.get(params.pubkey, params.pool_id);
    if (await this.tokens.delete(pool.poolId, params.token)) return true;
    throw new Refusal('NOT_FOUND', 'SETUP_TOKEN_INVALID', 'Token not found');
  }
}
