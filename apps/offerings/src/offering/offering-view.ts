import type { Caller } from '@decent-cloud/messages';
import { isParty } from '@decent-cloud/runtime';
import { Injectable } from '@nestjs/common';
import type { Offering, OfferingWire } from './domain/offering.ts';
import { type Serving, servingOf } from './domain/pool.ts';
import { printOffering } from './domain/print-offering.ts';
import { cursorOf } from './domain/rank.ts';
import { NameDirectory } from './name-directory.ts';
import type { StockedOffering } from './offering-row.store.ts';
import { PoolDirectory } from './pool-directory.ts';

export interface Served {
  readonly offering: StockedOffering;
  readonly serving: Serving | 'unknown' | undefined;
}

export const isOwner = (caller: Caller, offering: Offering): boolean =>
  caller.kind === 'user' && isParty(caller, offering.providerPublicKey, offering.providerAccountId);

/** Puts together what is shown of offerings: stock, pools and names, each asked once for a whole page. */
@Injectable()
export class OfferingView {
  constructor(
    private readonly pools: PoolDirectory,
    private readonly names: NameDirectory,
  ) {}

  /** Who would serve each of them. */
  async withServing(offerings: readonly StockedOffering[]): Promise<Served[]> {
    const pools = await this.pools.poolsIfKnown(offerings.map(({ providerPublicKey }) => providerPublicKey));
    return offerings.map((offering) => ({
      offering,
      serving: pools ? servingOf(offering, pools.get(offering.providerPublicKey) ?? []) : 'unknown',
    }));
  }

  /** One page of a list: each offering with the cursor that goes on after it. */
  async printPage(
    served: readonly Served[],
    caller: Caller,
    options: { withNames: boolean },
  ): Promise<OfferingWire[]> {
    const printed = await this.print(served, caller, options);
    return printed.map((wire, index) => ({ ...wire, cursor: cursorOf((served[index] as Served).offering) }));
  }

  async print(
    served: readonly Served[],
    caller: Caller,
    options: { withNames: boolean },
  ): Promise<OfferingWire[]> {
    const names = options.withNames
      ? await this.names.namesOf(served.map(({ offering }) => offering.providerPublicKey))
      : new Map<string, string>();
    return served.map(({ offering, serving }) =>
      printOffering(offering, {
        isOwner: isOwner(caller, offering),
        heldUnits: offering.heldUnits,
        serving,
        ownerUsername: names.get(offering.providerPublicKey),
      }),
    );
  }
}
