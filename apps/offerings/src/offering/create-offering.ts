import type { VerbInput } from '@decent-cloud/messages';
import { createOffering } from '@decent-cloud/messages/offerings';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { readOffering } from './domain/read-offering.ts';
import { OfferingStore } from './offering.store.ts';
import { PoolDirectory } from './pool-directory.ts';

@Answers(createOffering)
export class CreateOffering implements Verb<typeof createOffering> {
  constructor(
    private readonly offerings: OfferingStore,
    private readonly pools: PoolDirectory,
  ) {}

  async run(
    { params, body }: VerbInput<typeof createOffering>,
    { caller, operationId, now }: VerbContext,
  ): Promise<bigint> {
    const user = requireUser(caller);
    const content = readOffering(body);
    if (content.agentPoolId !== null) await this.pools.assertPoolOf(params.pubkey, content.agentPoolId);
    const owner = { publicKey: params.pubkey, accountId: user.accountId ?? null };
    return this.offerings.insert(operationId, owner, content, now);
  }
}
