import { requests, type VerbInput } from '@decent-cloud/messages';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { OfferingListStore } from './offering-list.store.ts';

@Answers(requests.countByPool)
export class CountByPool implements Verb<typeof requests.countByPool> {
  constructor(private readonly list: OfferingListStore) {}

  async run({ body }: VerbInput<typeof requests.countByPool>, { caller }: VerbContext) {
    requireService(caller);
    const byPoolId: Record<string, number> = {};
    const byCountry: Record<string, number> = {};
    for (const { pool, country, count } of await this.list.countByPool(body.providerPublicKey)) {
      const [counts, key] = pool === null ? [byCountry, country] : [byPoolId, pool];
      counts[key] = (counts[key] ?? 0) + Number(count);
    }
    return { byPoolId, byCountry };
  }
}
