import type { VerbInput } from '@decent-cloud/messages';
import { listProviderOfferings } from '@decent-cloud/messages/offerings';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import type { OfferingWire } from './domain/offering.ts';
import { readCursor } from './domain/rank.ts';
import { OfferingListStore } from './offering-list.store.ts';
import { OfferingView } from './offering-view.ts';

@Answers(listProviderOfferings)
export class ListProviderOfferings implements Verb<typeof listProviderOfferings> {
  constructor(
    private readonly list: OfferingListStore,
    private readonly view: OfferingView,
  ) {}

  async run(
    { params, query }: VerbInput<typeof listProviderOfferings>,
    { caller }: VerbContext,
  ): Promise<OfferingWire[]> {
    const page = { limit: query.limit, offset: query.offset, after: readCursor(query.cursor) };
    const offerings = await this.list.ofProvider(params.pubkey, page);
    return this.view.printPage(await this.view.withServing(offerings), caller, { withNames: false });
  }
}
