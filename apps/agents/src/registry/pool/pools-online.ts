import { requests, type VerbInput } from '@decent-cloud/messages';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { PoolStore } from './pool.store.ts';

const { poolsOnline } = requests;

@Answers(poolsOnline)
export class PoolsOnline implements Verb<typeof poolsOnline> {
  constructor(private readonly pools: PoolStore) {}

  async run({ body }: VerbInput<typeof poolsOnline>, { caller, now }: VerbContext) {
    requireService(caller);
    const pools = await this.pools.ofProviders(body.providerPublicKeys, now);
    return {
      pools: pools.map(({ providerPublicKey, poolId, name, location, provisionerType, onlineCount }) => ({
        providerPublicKey,
        poolId,
        poolName: name,
        location,
        provisionerType,
        online: onlineCount > 0,
      })),
    };
  }
}
