import { requests, type VerbInput } from '@decent-cloud/messages';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { servingOf } from './domain/pool.ts';
import { OfferingListStore } from './offering-list.store.ts';
import { PoolDirectory } from './pool-directory.ts';

@Answers(requests.countForRent)
export class CountForRent implements Verb<typeof requests.countForRent> {
  constructor(
    private readonly list: OfferingListStore,
    private readonly pools: PoolDirectory,
  ) {}

  async run(_input: VerbInput<typeof requests.countForRent>, { caller }: VerbContext) {
    requireService(caller);
    const groups = await this.list.servedGroups();
    const pools = await this.pools.poolsOf(groups.map(({ providerPublicKey }) => providerPublicKey));
    const online = groups.filter(
      (group) => servingOf(group, pools.get(group.providerPublicKey) ?? [])?.online === true,
    );
    return { count: online.reduce((sum, { count }) => sum + Number(count), 0) };
  }
}
