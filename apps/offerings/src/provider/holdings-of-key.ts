import { requests, type VerbInput } from '@decent-cloud/messages';
import { Database } from '@decent-cloud/postgres';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';

const { holdingsOfKeyInOfferings } = requests;
type Input = VerbInput<typeof holdingsOfKeyInOfferings>;

const MOST_COUNTED = 1_000;
const HOLDINGS = `
    select 'offerings' as what, count(*)::int as count from (select 1 from offering where provider_public_key = $1 and deleted_at_ns is null limit ${MOST_COUNTED}) as "offerings"
    union all select 'provider settings' as what, count(*)::int as count from (select 1 from provider_setting where owner = $1 limit ${MOST_COUNTED}) as "provider settings"`;

@Answers(holdingsOfKeyInOfferings)
export class HoldingsOfKey implements Verb<typeof holdingsOfKeyInOfferings> {
  constructor(private readonly database: Database) {}

  async run({ body }: Input, { caller }: VerbContext) {
    requireService(caller);
    const holdings = await this.database.query<{ what: string; count: number }>(HOLDINGS, [body.publicKey]);
    return { holdings };
  }
}
