import type { Input, Output } from '@decent-cloud/messages';
import type { offering, offeringRequest } from '@decent-cloud/messages/offerings';
import type { StockStatus } from '@decent-cloud/messages/words';

type Written = Input<typeof offering>;
/** As it is written: with words of the lists only. */
export type OfferingWire = Output<typeof offering> & Pick<Written, 'stock_status' | 'cannot_rent_reason'>;
export type OfferingBody = Output<typeof offeringRequest>;

/** Shown only, never searched or counted: kept together, under their wire names. */
export const DETAIL_FIELDS = [
  'product_page_url',
  'virtualization_type',
  'billing_interval',
  'billing_unit',
  'pricing_model',
  'included_units',
  'stripe_metered_price_id',
  'is_subscription',
  'subscription_interval_days',
  'processor_brand',
  'processor_amount',
  'processor_cores',
  'processor_speed',
  'processor_name',
  'memory_error_correction',
  'memory_type',
  'memory_amount',
  'hdd_amount',
  'total_hdd_capacity',
  'ssd_amount',
  'total_ssd_capacity',
  'unmetered_bandwidth',
  'uplink_speed',
  'traffic',
  'datacenter_city',
  'datacenter_latitude',
  'datacenter_longitude',
  'control_panel',
  'gpu_name',
  'gpu_count',
  'gpu_memory_gb',
  'payment_methods',
  'features',
  'operating_systems',
  'external_checkout_url',
  'provisioner_config',
  'template_name',
] as const satisfies readonly (keyof OfferingBody)[];
export type DetailField = (typeof DETAIL_FIELDS)[number];

export type OfferingDetails = Partial<Pick<OfferingBody, DetailField>> &
  Pick<
    OfferingWire,
    'billing_interval' | 'billing_unit' | 'is_subscription' | 'unmetered_bandwidth' | 'datacenter_city'
  >;

/** What a provider set, checked and in the form in which it is kept. */
export interface OfferingContent {
  readonly offeringId: string;
  readonly offerName: string;
  readonly description: string | null;
  readonly productType: string;
  readonly visibility: string;
  readonly isDraft: boolean;
  readonly publishAt: Date | null;
  readonly currency: string;
  readonly monthlyPriceE9s: bigint;
  readonly setupFeeE9s: bigint;
  readonly pricePerUnitE9s: bigint | null;
  readonly overagePricePerUnitE9s: bigint | null;
  readonly stockStatus: StockStatus;
  readonly stockTotal: number | null;
  readonly datacenterCountry: string;
  readonly minContractHours: number | null;
  readonly maxContractHours: number | null;
  readonly provisionerType: string | null;
  readonly agentPoolId: string | null;
  readonly postProvisionScript: string | null;
  readonly details: OfferingDetails;
}

export interface Offering extends OfferingContent {
  readonly id: bigint;
  readonly providerPublicKey: string;
  readonly providerAccountId: string | null;
  readonly offeringSource: string;
  readonly reliabilityScore: number | null;
  readonly trustScore: number | null;
  readonly createdAtNs: bigint;
}

export const unitsInStock = (offering: Pick<Offering, 'stockTotal'>): number => offering.stockTotal ?? 1;

/** `out_of_stock` and `discontinued` win over the numbers. */
export function availableUnits(
  offering: Pick<Offering, 'stockStatus' | 'stockTotal'>,
  heldUnits: number,
): number {
  return offering.stockStatus === 'in_stock' ? Math.max(0, unitsInStock(offering) - heldUnits) : 0;
}

/** In the marketplace for everybody, as far as the offering itself goes. */
export const isListed = (offering: Pick<Offering, 'visibility' | 'isDraft'>): boolean =>
  offering.visibility === 'public' && !offering.isDraft;

/** Public ones are for all; drafts, shared and private ones for their owner. Denial reads as "not found". */
export const maySee = (offering: Pick<Offering, 'visibility' | 'isDraft'>, isOwner: boolean): boolean =>
  isOwner || isListed(offering);
