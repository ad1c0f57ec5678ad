import { type Output, requests, type VerbInput } from '@decent-cloud/messages';
import { Database } from '@decent-cloud/postgres';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';
import type { Offering } from '../offering/domain/offering.ts';
import { machineTypesOf, type Pool, servingOf } from '../offering/domain/pool.ts';
import { OfferingStore } from '../offering/offering.store.ts';
import { PoolDirectory } from '../offering/pool-directory.ts';
import { assertSameHold } from './domain/hold.ts';
import type { StoredTerms } from './hold-terms.stored.ts';
import { RentalTerms, tenantOf } from './rental-terms.ts';
import { StockStore } from './stock.store.ts';

type Quote = Output<typeof requests.quoteRental.answer>;

/** Says what a rental would be made of, so that its money can be set aside before its unit. */
@Answers(requests.quoteRental)
export class QuoteRental implements Verb<typeof requests.quoteRental> {
  constructor(
    private readonly database: Database,
    private readonly offerings: OfferingStore,
    private readonly stock: StockStore,
    private readonly terms: RentalTerms,
    private readonly pools: PoolDirectory,
  ) {}

  async run(
    { body }: VerbInput<typeof requests.quoteRental>,
    { caller, requestId }: VerbContext,
  ): Promise<Quote> {
    requireService(caller);
    const { holdId, offeringDbId, renterPublicKey: tenantPublicKey, durationHours } = body;
    const known = await this.stock.find(holdId);
    if (known) {
      assertSameHold(known, offeringDbId, tenantPublicKey);
      return known.terms as StoredTerms;
    }
    const offering = await this.offerings.find(offeringDbId);
    const isOwner = await this.terms.isOwner(offering, tenantOf(body), requestId);
    const pools = offering && (await this.poolsOf(offering));
    const serving = offering && (pools ? servingOf(offering, pools) : 'unknown');
    const terms = await this.terms.of(this.database, offering, { isOwner, durationHours, serving });
    return {
      ...terms,
      machineTypes: offering && pools ? machineTypesOf(offering, pools) : undefined,
      providerAccountId: offering?.providerAccountId ?? undefined,
    };
  }

  /** Undefined: nobody knows now. */
  private async poolsOf({ providerPublicKey }: Offering): Promise<readonly Pool[] | undefined> {
    const pools = await this.pools.poolsIfKnown([providerPublicKey]);
    return pools && (pools.get(providerPublicKey) ?? []);
  }
}
