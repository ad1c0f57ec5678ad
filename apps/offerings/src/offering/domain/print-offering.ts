import { amountE9sToNumber } from '@decent-cloud/kernel';
import { availableUnits, type Offering, type OfferingWire } from './offering.ts';
import { type Serving, whyNotForRent } from './pool.ts';

export interface PrintOptions {
  /** Sees configuration and scripts. */
  readonly isOwner: boolean;
  readonly heldUnits: number;
  /** `unknown`: the agents service does not answer. Undefined: nobody serves it. */
  readonly serving: Serving | 'unknown' | undefined;
  readonly ownerUsername?: string | undefined;
}

/** An offering as it goes out. */
export function printOffering(offering: Offering, options: PrintOptions): OfferingWire {
  const { isOwner, heldUnits, serving, ownerUsername } = options;
  const { provisioner_config, ...details } = offering.details;
  const pool = serving === 'unknown' ? undefined : serving?.pool;
  const why = whyNotForRent(offering, heldUnits, serving);
  return withoutAbsent({
    ...details,
    id: offering.id,
    pubkey: offering.providerPublicKey,
    offering_id: offering.offeringId,
    offer_name: offering.offerName,
    description: offering.description,
    currency: offering.currency,
    monthly_price: amountE9sToNumber(offering.monthlyPriceE9s),
    setup_fee: amountE9sToNumber(offering.setupFeeE9s),
    price_per_unit: priceOf(offering.pricePerUnitE9s),
    overage_price_per_unit: priceOf(offering.overagePricePerUnitE9s),
    visibility: offering.visibility,
    product_type: offering.productType,
    stock_status: offering.stockStatus,
    stock_total: offering.stockTotal,
    stock_available: availableUnits(offering, heldUnits),
    datacenter_country: offering.datacenterCountry,
    min_contract_hours: offering.minContractHours,
    max_contract_hours: offering.maxContractHours,
    trust_score: offering.trustScore,
    reliability_score: offering.reliabilityScore,
    is_draft: offering.isDraft,
    publish_at: offering.publishAt?.toISOString(),
    offering_source: offering.offeringSource,
    owner_username: ownerUsername,
    provisioner_type: offering.provisionerType,
    provisioner_config: isOwner ? provisioner_config : undefined,
    agent_pool_id: offering.agentPoolId,
    post_provision_script: isOwner ? offering.postProvisionScript : undefined,
    provider_online: serving === 'unknown' ? undefined : (serving?.online ?? false),
    can_rent_now: why === undefined,
    cannot_rent_reason: why,
    resolved_pool_id: pool?.poolId,
    resolved_pool_name: pool?.poolName,
    created_at_ns: offering.createdAtNs,
  }) as OfferingWire;
}

const priceOf = (e9s: bigint | null): number | null => (e9s === null ? null : amountE9sToNumber(e9s));

function withoutAbsent(members: Record<string, unknown>): Record<string, unknown> {
  const present: Record<string, unknown> = {};
  for (const name in members) {
    const value = members[name];
    if (value !== undefined && value !== null) present[name] = value;
  }
  return present;
}
