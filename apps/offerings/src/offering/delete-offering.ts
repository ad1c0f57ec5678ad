import type { VerbInput } from '@decent-cloud/messages';
import { deleteOffering } from '@decent-cloud/messages/offerings';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { OfferingStore } from './offering.store.ts';
import { offeringNotFound, requireOwn } from './own-offering.ts';

@Answers(deleteOffering)
export class DeleteOffering implements Verb<typeof deleteOffering> {
  constructor(private readonly offerings: OfferingStore) {}

  async run({ params }: VerbInput<typeof deleteOffering>, { caller, now }: VerbContext): Promise<string> {
    const { id } = requireOwn(await this.offerings.find(params.id), caller);
    if (!(await this.offerings.remove(id, now))) throw offeringNotFound();
    return 'Offering deleted successfully';
  }
}
