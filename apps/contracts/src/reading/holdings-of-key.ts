import { requests, type VerbInput } from '@decent-cloud/messages';
import { countHeld, Database } from '@decent-cloud/postgres';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';

const { holdingsOfKeyInContracts } = requests;
type Input = VerbInput<typeof holdingsOfKeyInContracts>;

const HELD = [{ what: 'contracts', table: 'contract', ownedBy: ['requester_pubkey', 'provider_pubkey'] }];

@Answers(holdingsOfKeyInContracts)
export class HoldingsOfKey implements Verb<typeof holdingsOfKeyInContracts> {
  constructor(private readonly database: Database) {}

  async run({ body }: Input, { caller }: VerbContext) {
    requireService(caller);
    return { holdings: await countHeld(this.database, body.publicKey, HELD) };
  }
}
