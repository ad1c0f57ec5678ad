import type { StockStatus } from '@decent-cloud/messages/words';
import type { Offering } from './domain/offering.ts';
import { storedDetails } from './offering-details.stored.ts';

export interface OfferingRow {
  id: bigint;
  provider_public_key: string;
  provider_account_id: string | null;
  offering_id: string;
  offer_name: string;
  description: string | null;
  product_type: string;
  visibility: string;
  is_draft: boolean;
  publish_at: Date | null;
  currency: string;
  monthly_price_e9s: bigint;
  setup_fee_e9s: bigint;
  price_per_unit_e9s: bigint | null;
  overage_price_per_unit_e9s: bigint | null;
  stock_status: StockStatus;
  stock_total: number | null;
  datacenter_country: string;
  min_contract_hours: number | null;
  max_contract_hours: number | null;
  offering_source: string;
  provisioner_type: string | null;
  agent_pool_id: string | null;
  post_provision_script: string | null;
  details: unknown;
  reliability_score: number | null;
  trust_score: number | null;
  created_at_ns: bigint;
}

export interface StockedOfferingRow extends OfferingRow {
  held_units: number;
}

/** An offering with the units of it that somebody holds. */
export interface StockedOffering extends Offering {
  readonly heldUnits: number;
}

export const HELD_UNITS = `(select count(*)::int from stock_hold
  where offering_db_id = offering.id and released_at_ns is null)`;

export const OFFERING_COLUMNS = `id, provider_public_key, provider_account_id, offering_id, offer_name, description,
  product_type, visibility, is_draft, publish_at, currency, monthly_price_e9s, setup_fee_e9s, price_per_unit_e9s,
  overage_price_per_unit_e9s, stock_status, stock_total, datacenter_country, min_contract_hours, max_contract_hours,
  offering_source, provisioner_type, agent_pool_id, post_provision_script, details, reliability_score, trust_score,
  created_at_ns`;
export const STOCKED_OFFERING_COLUMNS = `${OFFERING_COLUMNS}, ${HELD_UNITS} as held_units`;

export const offeringOfRow = (row: OfferingRow): Offering => ({
  id: row.id,
  providerPublicKey: row.provider_public_key,
  providerAccountId: row.provider_account_id,
  offeringId: row.offering_id,
  offerName: row.offer_name,
  description: row.description,
  productType: row.product_type,
  visibility: row.visibility,
  isDraft: row.is_draft,
  publishAt: row.publish_at,
  currency: row.currency,
  monthlyPriceE9s: row.monthly_price_e9s,
  setupFeeE9s: row.setup_fee_e9s,
  pricePerUnitE9s: row.price_per_unit_e9s,
  overagePricePerUnitE9s: row.overage_price_per_unit_e9s,
  stockStatus: row.stock_status,
  stockTotal: row.stock_total,
  datacenterCountry: row.datacenter_country,
  minContractHours: row.min_contract_hours,
  maxContractHours: row.max_contract_hours,
  offeringSource: row.offering_source,
  provisionerType: row.provisioner_type,
  agentPoolId: row.agent_pool_id,
  postProvisionScript: row.post_provision_script,
  details: storedDetails.read(row.details),
  reliabilityScore: row.reliability_score,
  trustScore: row.trust_score,
  createdAtNs: row.created_at_ns,
});

export const stockedOfferingOfRow = (row: StockedOfferingRow): StockedOffering => ({
  ...offeringOfRow(row),
  heldUnits: row.held_units,
});
