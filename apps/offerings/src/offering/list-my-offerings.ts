import type { VerbInput } from '@decent-cloud/messages';
import { listMyOfferings } from '@decent-cloud/messages/offerings';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import type { OfferingWire } from './domain/offering.ts';
import { readCursor } from './domain/rank.ts';
import { OfferingListStore } from './offering-list.store.ts';
import { OfferingView } from './offering-view.ts';

@Answers(listMyOfferings)
export class ListMyOfferings implements Verb<typeof listMyOfferings> {
  constructor(
    private readonly list: OfferingListStore,
    private readonly view: OfferingView,
  ) {}

  async run({ query }: VerbInput<typeof listMyOfferings>, { caller }: VerbContext): Promise<OfferingWire[]> {
    const user = requireUser(caller);
    const page = { limit: query.limit, offset: query.offset, after: readCursor(query.cursor) };
    const owner = { publicKey: user.publicKey, accountId: user.accountId ?? null };
    const offerings = await this.list.ofOwner(owner, page);
    return this.view.printPage(await this.view.withServing(offerings), caller, { withNames: false });
  }
}
