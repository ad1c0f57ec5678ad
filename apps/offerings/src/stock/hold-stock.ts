import { requests, type VerbInput } from '@decent-cloud/messages';
import { Database, type Sql } from '@decent-cloud/postgres';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { OfferingStore } from '../offering/offering.store.ts';
import { assertSameHold, type HoldTerms } from './domain/hold.ts';
import { RentalTerms, tenantOf } from './rental-terms.ts';
import { StockStore } from './stock.store.ts';

type HoldInput = VerbInput<typeof requests.holdStock>['body'];

@Answers(requests.holdStock)
export class HoldStock implements Verb<typeof requests.holdStock> {
  constructor(
    private readonly database: Database,
    private readonly offerings: OfferingStore,
    private readonly stock: StockStore,
    private readonly terms: RentalTerms,
  ) {}

  async run(
    { body }: VerbInput<typeof requests.holdStock>,
    { caller, requestId, now }: VerbContext,
  ): Promise<HoldTerms> {
    requireService(caller);
    const offering = await this.offerings.find(body.offeringDbId);
    const isOwner = await this.terms.isOwner(offering, tenantOf(body), requestId);
    return this.database.transaction((sql) => this.hold(sql, body, isOwner, now));
  }

  private async hold(sql: Sql, body: HoldInput, isOwner: boolean, now: bigint): Promise<HoldTerms> {
    const { holdId, offeringDbId, renterPublicKey: tenantPublicKey, durationHours, untilNs } = body;
    const offering = await this.offerings.lock(sql, offeringDbId);
    const repeated = await this.repeated(sql, body);
    if (repeated) return repeated;
    const terms = await this.terms.of(sql, offering, { isOwner, durationHours });
    if (await this.stock.insert(sql, { holdId, offeringDbId, tenantPublicKey, untilNs, terms }, now))
      return terms;
    // It was given back, or taken of another offering, since we looked.
    const known = await this.repeated(sql, body);
    if (!known) throw new Error(`hold ${holdId} is there and is not`);
    return known;
  }

  /** Who asks again begins again: the contract may come as late as after a first hold. */
  private async repeated(sql: Sql, body: HoldInput): Promise<HoldTerms | undefined> {
    const known = await this.stock.lock(sql, body.holdId);
    if (!known) return undefined;
    assertSameHold(known, body.offeringDbId, body.renterPublicKey);
    await this.stock.prolong(sql, body.holdId, body.untilNs);
    return known.terms ?? undefined;
  }
}
