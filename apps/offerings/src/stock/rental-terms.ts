import { requests } from '@decent-cloud/messages';
import type { Sql } from '@decent-cloud/postgres';
import { Bus } from '@decent-cloud/runtime';
import { Injectable } from '@nestjs/common';
import { maySee, type Offering } from '../offering/domain/offering.ts';
import type { Serving } from '../offering/domain/pool.ts';
import { offeringNotFound } from '../offering/own-offering.ts';
import { ProviderSettingStore } from '../provider/provider-setting.store.ts';
import { assertRentable, type HoldTerms, termsOf } from './domain/hold.ts';
import { StockStore } from './stock.store.ts';

export interface Tenant {
  readonly publicKey: string;
  readonly accountId?: string | undefined;
}

export const tenantOf = (wish: {
  readonly renterPublicKey: string;
  readonly renterAccountId?: string | undefined;
}): Tenant => ({ publicKey: wish.renterPublicKey, accountId: wish.renterAccountId });

/** What a tenant gets who asks for a unit now. */
@Injectable()
export class RentalTerms {
  constructor(
    private readonly stock: StockStore,
    private readonly settings: ProviderSettingStore,
    private readonly bus: Bus,
  ) {}

  /** @throws Refusal when they may not see it, may not rent it for so long, or nothing is left */
  async of(
    sql: Sql,
    offering: Offering | undefined,
    wish: {
      readonly isOwner: boolean;
      readonly durationHours: number;
      /** Absent: the quote has asked who serves it. */
      readonly serving?: Serving | 'unknown' | undefined;
    },
  ): Promise<HoldTerms> {
    if (!offering || !maySee(offering, wish.isOwner)) throw offeringNotFound();
    const serving = 'serving' in wish ? wish.serving : 'unknown';
    assertRentable(offering, wish.durationHours, await this.stock.heldUnits(sql, offering.id), serving);
    const owner = { publicKey: offering.providerPublicKey, accountId: offering.providerAccountId };
    return termsOf(offering, await this.settings.isAutoAccepting(sql, owner));
  }

  /** Only what is not for everybody needs to know whose keys belong together. */
  async isOwner(offering: Offering | undefined, tenant: Tenant, requestId: string): Promise<boolean> {
    if (!offering) return false;
    if (offering.providerPublicKey === tenant.publicKey) return true;
    if (maySee(offering, false) || offering.providerAccountId === null) return false;
    const accountId = tenant.accountId ?? (await this.accountOf(tenant.publicKey, requestId));
    return accountId === offering.providerAccountId;
  }

  private async accountOf(publicKey: string, requestId: string): Promise<string | undefined> {
    return (await this.bus.ask(requests.resolveKey, { body: { publicKey } }, { requestId })).accountId;
  }
}
