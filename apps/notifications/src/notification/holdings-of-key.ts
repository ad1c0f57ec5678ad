import { requests, type VerbInput } from '@decent-cloud/messages';
import { countHeld, Database } from '@decent-cloud/postgres';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';

const { holdingsOfKeyInNotifications } = requests;
type Input = VerbInput<typeof holdingsOfKeyInNotifications>;

const HELD = [{ what: 'notifications', table: 'notification', ownedBy: ['public_key'] }];

@Answers(holdingsOfKeyInNotifications)
export class HoldingsOfKey implements Verb<typeof holdingsOfKeyInNotifications> {
  constructor(private readonly database: Database) {}

  async run({ body }: Input, { caller }: VerbContext) {
    requireService(caller);
    return { holdings: await countHeld(this.database, body.publicKey, HELD) };
  }
}
