import { requests, type VerbInput } from '@decent-cloud/messages';
import { countHeld, Database } from '@decent-cloud/postgres';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';

const { holdingsOfKeyInAgents } = requests;
type Input = VerbInput<typeof holdingsOfKeyInAgents>;

const HELD = [
  { what: 'pools', table: 'pool', ownedBy: ['provider_public_key'] },
  { what: 'agents', table: 'agent', ownedBy: ['provider_public_key', 'agent_public_key'] },
  { what: 'gateways', table: 'dc_gateway', ownedBy: ['provider_public_key'] },
];

@Answers(holdingsOfKeyInAgents)
export class HoldingsOfKey implements Verb<typeof holdingsOfKeyInAgents> {
  constructor(private readonly database: Database) {}

  async run({ body }: Input, { caller }: VerbContext) {
    requireService(caller);
    return { holdings: await countHeld(this.database, body.publicKey, HELD) };
  }
}
