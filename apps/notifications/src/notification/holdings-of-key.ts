import { requests, type VerbInput } from '@decent-cloud/messages';
import { Database } from '@decent-cloud/postgres';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';

const { holdingsOfKeyInNotifications } = requests;
type Input = VerbInput<typeof holdingsOfKeyInNotifications>;

const MOST_COUNTED = 1_000;
const HOLDINGS = `
    select 'notifications' as what, count(*)::int as count from (select 1 from notification where public_key = $1 limit ${MOST_COUNTED}) as "notifications"`;

@Answers(holdingsOfKeyInNotifications)
export class HoldingsOfKey implements Verb<typeof holdingsOfKeyInNotifications> {
  constructor(private readonly database: Database) {}

  async run({ body }: Input, { caller }: VerbContext) {
    requireService(caller);
    const holdings = await this.database.query<{ what: string; count: number }>(HOLDINGS, [body.publicKey]);
    return { holdings };
  }
}
