import { requests, type VerbInput } from '@decent-cloud/messages';
import { Database, type Sql } from '@decent-cloud/postgres';
import { Answers, Bus, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { maySee, type Offering } from '../offering/domain/offering.ts';
import { OfferingStore } from '../offering/offering.store.ts';
import { offeringNotFound } from '../offering/own-offering.ts';
import { ProviderSettingStore } from '../provider/provider-setting.store.ts';
import { assertRentable, assertSameHold, type HoldTerms, termsOf } from './domain/hold.ts';
import { StockStore } from './stock.store.ts';

type HoldInput = VerbInput<typeof requests.holdStock>['body'];

@Answers(requests.holdStock)
export class HoldStock implements Verb<typeof requests.holdStock> {
  constructor(
    private readonly database: Database,
    private readonly offerings: OfferingStore,
    private readonly stock: StockStore,
    private readonly settings: ProviderSettingStore,
    private readonly bus: Bus,
  ) {}

  async run(
    { body }: VerbInput<typeof requests.holdStock>,
    { caller, requestId, now }: VerbContext,
  ): Promise<HoldTerms> {
    requireService(caller);
    const offering = await this.offerings.find(body.offeringDbId);
    const isOwner = offering !== undefined && (await this.isOwner(offering, body.renterPublicKey, requestId));
    return this.database.transaction((sql) => this.hold(sql, body, isOwner, now));
  }

  private async hold(sql: Sql, body: HoldInput, isOwner: boolean, now: bigint): Promise<HoldTerms> {
    const { holdId, offeringDbId, renterPublicKey, durationHours, untilNs } = body;
    const offering = await this.offerings.lock(sql, offeringDbId);
    const repeated = await this.repeated(sql, body);
    if (repeated) return repeated;
    if (!offering || !maySee(offering, isOwner)) throw offeringNotFound();
    assertRentable(offering, durationHours, await this.stock.heldUnits(sql, offeringDbId));
    const terms = termsOf(offering, await this.settings.isAutoAccepting(sql, ownerOf(offering)));
    if (await this.stock.insert(sql, { holdId, offeringDbId, renterPublicKey, untilNs, terms }, now))
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
    return known.terms;
  }

  /** Only what is not for everybody needs to know whose keys belong together. */
  private async isOwner(offering: Offering, renterPublicKey: string, requestId: string): Promise<boolean> {
    if (offering.providerPublicKey === renterPublicKey) return true;
    if (maySee(offering, false) || offering.providerAccountId === null) return false;
    const { accountId } = await this.bus.ask(
      requests.resolveKey,
      { body: { publicKey: renterPublicKey } },
      { requestId },
    );
    return accountId === offering.providerAccountId;
  }
}

const ownerOf = (offering: Offering) => ({
  publicKey: offering.providerPublicKey,
  accountId: offering.providerAccountId,
});
