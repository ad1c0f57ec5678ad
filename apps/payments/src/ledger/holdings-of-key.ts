import { requests, type VerbInput } from '@decent-cloud/messages';
import { Database } from '@decent-cloud/postgres';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';

const { holdingsOfKeyInPayments } = requests;
type Input = VerbInput<typeof holdingsOfKeyInPayments>;

const MOST_COUNTED = 1_000;
const HOLDINGS = `
    select 'accounts of money' as what, count(*)::int as count from (select 1 from ledger_account where owner = $1 limit ${MOST_COUNTED}) as "accounts of money"`;

@Answers(holdingsOfKeyInPayments)
export class HoldingsOfKey implements Verb<typeof holdingsOfKeyInPayments> {
  constructor(private readonly database: Database) {}

  async run({ body }: Input, { caller }: VerbContext) {
    requireService(caller);
    const holdings = await this.database.query<{ what: string; count: number }>(HOLDINGS, [body.publicKey]);
    return { holdings };
  }
}
