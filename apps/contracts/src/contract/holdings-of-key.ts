import { requests, type VerbInput } from '@decent-cloud/messages';
import { Database } from '@decent-cloud/postgres';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';

const { holdingsOfKeyInContracts } = requests;
type Input = VerbInput<typeof holdingsOfKeyInContracts>;

const MOST_COUNTED = 1_000;
const HOLDINGS = `
    select 'contracts' as what, count(*)::int as count from (select 1 from contract where requester_pubkey = $1 or provider_pubkey = $1 limit ${MOST_COUNTED}) as "contracts"`;

@Answers(holdingsOfKeyInContracts)
export class HoldingsOfKey implements Verb<typeof holdingsOfKeyInContracts> {
  constructor(private readonly database: Database) {}

  async run({ body }: Input, { caller }: VerbContext) {
    requireService(caller);
    const holdings = await this.database.query<{ what: string; count: number }>(HOLDINGS, [body.publicKey]);
    return { holdings };
  }
}
