import type { VerbInput } from '@decent-cloud/messages';
import { listPoolAgents } from '@decent-cloud/messages/agents';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { PoolStore } from '../pool/pool.store.ts';
import { DelegationStore } from './delegation.store.ts';
import { Delegations } from './delegations.ts';

@Answers(listPoolAgents)
export class ListPoolAgents implements Verb<typeof listPoolAgents> {
  constructor(
    private readonly pools: PoolStore,
    private readonly delegations: DelegationStore,
    private readonly shown: Delegations,
  ) {}

  async run({ params, query }: VerbInput<typeof listPoolAgents>, { caller, now }: VerbContext) {
    requireUser(caller);
    const pool = await this.pools.get(params.pubkey, params.pool_id, 'Pool does not belong to this provider');
    const agents = await this.delegations.listOfPool(pool.poolId, query);
    return this.shown.show(agents, now);
  }
}
