import { expression, rowOf, stored } from '@decent-cloud/postgres';
import type { Offering, OfferingContent } from './domain/offering.ts';
import { storedDetails } from './offering-details.stored.ts';

/** An offering with the units of it that somebody holds. */
export interface StockedOffering extends Offering {
  readonly heldUnits: number;
}

export const HELD_UNITS = `(select count(*)::int from stock_hold
  where offering_db_id = offering.id and released_at_ns is null)`;

/** What a provider sets. */
export const contentRow = rowOf<OfferingContent>()({
  offeringId: 'offering_id',
  offerName: 'offer_name',
  description: 'description',
  productType: 'product_type',
  visibility: 'visibility',
  isDraft: 'is_draft',
  publishAt: 'publish_at',
  currency: 'currency',
  monthlyPriceE9s: 'monthly_price_e9s',
  setupFeeE9s: 'setup_fee_e9s',
  pricePerUnitE9s: 'price_per_unit_e9s',
  overagePricePerUnitE9s: 'overage_price_per_unit_e9s',
  stockStatus: 'stock_status',
  stockTotal: 'stock_total',
  datacenterCountry: 'datacenter_country',
  minContractHours: 'min_contract_hours',
  maxContractHours: 'max_contract_hours',
  provisionerType: 'provisioner_type',
  agentPoolId: 'agent_pool_id',
  postProvisionScript: 'post_provision_script',
  details: stored('details', storedDetails),
});

export const offeringRow = contentRow.and<Omit<Offering, keyof OfferingContent>>()({
  id: 'id',
  providerPublicKey: 'provider_public_key',
  providerAccountId: 'provider_account_id',
  offeringSource: 'offering_source',
  reliabilityScore: 'reliability_score',
  trustScore: 'trust_score',
  createdAtNs: 'created_at_ns',
});

export const stockedOfferingRow = offeringRow.and<{ readonly heldUnits: number }>()({
  heldUnits: expression(HELD_UNITS),
});
