import { Refusal, sizeGb, sizeMb } from '@decent-cloud/kernel';
import type { Output, requests } from '@decent-cloud/messages';
import type { Offering } from '../../offering/domain/offering.ts';
import { assertForRent, type Serving } from '../../offering/domain/pool.ts';

export type HoldTerms = Output<typeof requests.holdStock.answer>;

/** May this offering be rented for so long? @throws Refusal */
export function assertRentable(
  offering: Offering,
  durationHours: number,
  heldUnits: number,
  serving: Serving | 'unknown' | undefined,
): void {
  const { minContractHours, maxContractHours } = offering;
  if (minContractHours !== null && durationHours < minContractHours) {
    throw outOfRange(`Duration of ${durationHours} hours is below the minimum of ${minContractHours} hours`);
  }
  if (maxContractHours !== null && durationHours > maxContractHours) {
    throw outOfRange(`Duration of ${durationHours} hours is above the maximum of ${maxContractHours} hours`);
  }
  assertForRent(offering, heldUnits, serving);
}

const outOfRange = (text: string): Refusal => new Refusal('UNPROCESSABLE', 'DURATION_OUT_OF_RANGE', text);

/** What a rental is made of, as the offering is now. */
export function termsOf(offering: Offering, autoAccept: boolean): HoldTerms {
  const { details } = offering;
  const cpuCores = details.processor_cores;
  const members = {
    offeringDbId: offering.id,
    offeringId: offering.offeringId,
    offerName: offering.offerName,
    providerPublicKey: offering.providerPublicKey,
    currency: offering.currency,
    monthlyPriceE9s: offering.monthlyPriceE9s,
    autoAccept,
    agentPoolId: offering.agentPoolId ?? undefined,
    datacenterCountry: offering.datacenterCountry,
    cpuCores: cpuCores !== undefined && cpuCores >= 1 ? cpuCores : undefined,
    memoryMb: sizeMb(details.memory_amount),
    storageGb: sizeGb(details.total_ssd_capacity) ?? sizeGb(details.total_hdd_capacity),
    operatingSystems: details.operating_systems,
    provisionerType: offering.provisionerType ?? undefined,
    provisionerConfig: details.provisioner_config,
    postProvisionScript: offering.postProvisionScript ?? undefined,
  };
  return members as HoldTerms;
}

export interface KnownHold {
  readonly offeringDbId: bigint | null;
  readonly tenantPublicKey: string | null;
  readonly isReleased: boolean;
}

/** The same hold again is fine. @throws Refusal when it is another one, or was given back already */
export function assertSameHold(known: KnownHold, offeringDbId: bigint, tenantPublicKey: string): void {
  if (known.isReleased) {
    throw new Refusal('CONFLICT', 'TRANSITION_NOT_ALLOWED', 'This hold was given back already');
  }
  if (known.offeringDbId !== offeringDbId || known.tenantPublicKey !== tenantPublicKey) {
    throw new Refusal('UNPROCESSABLE', 'IDEMPOTENCY_KEY_REUSED', 'This hold belongs to another rental');
  }
}
