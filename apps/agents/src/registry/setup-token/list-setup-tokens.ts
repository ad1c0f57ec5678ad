import type { VerbInput } from '@decent-cloud/messages';
import { listSetupTokens } from '@decent-cloud/messages/agents';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { PoolStore } from '../pool/pool.store.ts';
import { SetupTokenStore } from './setup-token.store.ts';

@Answers(listSetupTokens)
export class ListSetupTokens implements Verb<typeof listSetupTokens> {
  constructor(
    private readonly pools: PoolStore,
    private readonly tokens: SetupTokenStore,
  ) {}

  async run({ params, query }: VerbInput<typeof listSetupTokens>, { caller, now }: VerbContext) {
    requireUser(caller);
    const pool = await this.pools.get(params.pubkey, params.pool_id);
    const tokens = await this.tokens.listPending(pool.poolId, query, now);
    return tokens.map(({ shown, ...token }) => ({ token: shown, ...token }));
  }
}
