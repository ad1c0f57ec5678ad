import { requests, type VerbInput } from '@decent-cloud/messages';
import { countHeld, Database } from '@decent-cloud/postgres';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';

const { holdingsOfKeyInOfferings } = requests;
type Input = VerbInput<typeof holdingsOfKeyInOfferings>;

const HELD = [
  { what: 'offerings', table: 'offering', ownedBy: ['provider_public_key'], unless: 'deleted_at_ns' },
  { what: 'provider settings', table: 'provider_setting', ownedBy: ['owner'] },
];

@Answers(holdingsOfKeyInOfferings)
export class HoldingsOfKey implements Verb<typeof holdingsOfKeyInOfferings> {
  constructor(private readonly database: Database) {}

  async run({ body }: Input, { caller }: VerbContext) {
    requireService(caller);
    return { holdings: await countHeld(this.database, body.publicKey, HELD) };
  }
}
