import type { VerbInput } from '@decent-cloud/messages';
import { getOffering } from '@decent-cloud/messages/offerings';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { maySee, type OfferingWire } from './domain/offering.ts';
import { OfferingStore } from './offering.store.ts';
import { isOwner, OfferingView } from './offering-view.ts';
import { offeringNotFound } from './own-offering.ts';

@Answers(getOffering)
export class GetOffering implements Verb<typeof getOffering> {
  constructor(
    private readonly offerings: OfferingStore,
    private readonly view: OfferingView,
  ) {}

  async run({ params }: VerbInput<typeof getOffering>, { caller }: VerbContext): Promise<OfferingWire> {
    const offering = await this.offerings.find(params.id);
    if (!offering || !maySee(offering, isOwner(caller, offering))) throw offeringNotFound();
    const served = await this.view.withServing([offering]);
    const [printed] = await this.view.print(served, caller, { withNames: true });
    return printed as OfferingWire;
  }
}
