import { requests, type VerbInput } from '@decent-cloud/messages';
import { Database } from '@decent-cloud/postgres';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';

const { holdingsOfKeyInAgents } = requests;
type Input = VerbInput<typeof holdingsOfKeyInAgents>;

const MOST_COUNTED = 1_000;
const HOLDINGS = `
    select 'pools' as what, count(*)::int as count from (select 1 from pool where provider_public_key = $1 limit ${MOST_COUNTED}) as "pools"
    union all select 'agents' as what, count(*)::int as count from (select 1 from agent where provider_public_key = $1 or agent_public_key = $1 limit ${MOST_COUNTED}) as "agents"
    union all select 'gateways' as what, count(*)::int as count from (select 1 from dc_gateway where provider_public_key = $1 limit ${MOST_COUNTED}) as "gateways"`;

@Answers(holdingsOfKeyInAgents)
export class HoldingsOfKey implements Verb<typeof holdingsOfKeyInAgents> {
  constructor(private readonly database: Database) {}

  async run({ body }: Input, { caller }: VerbContext) {
    requireService(caller);
    const holdings = await this.database.query<{ what: string; count: number }>(HOLDINGS, [body.publicKey]);
    return { holdings };
  }
}
