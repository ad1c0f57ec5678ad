import type { VerbInput } from '@decent-cloud/messages';
import { updateOffering } from '@decent-cloud/messages/offerings';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { readOffering } from './domain/read-offering.ts';
import { OfferingStore } from './offering.store.ts';
import { offeringNotFound, requireOwn } from './own-offering.ts';
import { PoolDirectory } from './pool-directory.ts';

@Answers(updateOffering)
export class UpdateOffering implements Verb<typeof updateOffering> {
  constructor(
    private readonly offerings: OfferingStore,
    private readonly pools: PoolDirectory,
  ) {}

  async run(
    { params, body }: VerbInput<typeof updateOffering>,
    { caller, now }: VerbContext,
  ): Promise<string> {
    const { id, providerPublicKey, agentPoolId } = requireOwn(await this.offerings.find(params.id), caller);
    const content = readOffering(body);
    if (content.agentPoolId !== null && content.agentPoolId !== agentPoolId) {
      await this.pools.assertPoolOf(providerPublicKey, content.agentPoolId);
    }
    if (!(await this.offerings.replace(id, providerPublicKey, content, now))) throw offeringNotFound();
    return 'Offering updated successfully';
  }
}
