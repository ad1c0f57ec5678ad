import { NS_PER_HOUR } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { createSetupToken } from '@decent-cloud/messages/agents';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { PoolStore } from '../pool/pool.store.ts';
import { DEFAULT_HOURS } from './domain/setup-token.ts';
import { SetupTokenStore } from './setup-token.store.ts';

@Answers(createSetupToken)
export class CreateSetupToken implements Verb<typeof createSetupToken> {
  constructor(
    private readonly pools: PoolStore,
    private readonly tokens: SetupTokenStore,
  ) {}

  async run({ params, body }: VerbInput<typeof createSetupToken>, { caller, now }: VerbContext) {
    requireUser(caller);
    const pool = await this.pools.get(params.pubkey, params.pool_id);
    const label = body.label ?? null;
    const expiresAtNs = now + BigInt(body.expiresInHours ?? DEFAULT_HOURS) * NS_PER_HOUR;
    const token = await this.tokens.create(pool, label, now, expiresAtNs);
    return {
      token,
      poolId: pool.poolId,
      label,
      createdAtNs: now,
      expiresAtNs,
      usedAtNs: null,
      usedByAgent: null,
    };
  }
}
