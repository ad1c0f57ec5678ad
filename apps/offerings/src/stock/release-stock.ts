import { requests, type VerbInput } from '@decent-cloud/messages';
import { Database } from '@decent-cloud/postgres';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { StockStore } from './stock.store.ts';

@Answers(requests.releaseStock)
export class ReleaseStock implements Verb<typeof requests.releaseStock> {
  constructor(
    private readonly database: Database,
    private readonly stock: StockStore,
  ) {}

  async run({ body }: VerbInput<typeof requests.releaseStock>, { caller, now }: VerbContext) {
    requireService(caller);
    const released = await this.database.transaction((sql) => this.stock.release(sql, body.holdId, now));
    return { released };
  }
}
