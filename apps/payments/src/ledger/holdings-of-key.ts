import { requests, type VerbInput } from '@decent-cloud/messages';
import { countHeld, Database } from '@decent-cloud/postgres';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';

const { holdingsOfKeyInPayments } = requests;
type Input = VerbInput<typeof holdingsOfKeyInPayments>;

const HELD = [{ what: 'accounts of money', table: 'ledger_account', ownedBy: ['owner'] }];

@Answers(holdingsOfKeyInPayments)
export class HoldingsOfKey implements Verb<typeof holdingsOfKeyInPayments> {
  constructor(private readonly database: Database) {}

  async run({ body }: Input, { caller }: VerbContext) {
    requireService(caller);
    return { holdings: await countHeld(this.database, body.publicKey, HELD) };
  }
}
