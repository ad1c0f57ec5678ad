import type { Offering } from '../../offerings/src/offering/domain/offering.ts';

/** What an agent of a pool makes by itself. */
export function sampleOffering({
  id,
  ...own
}: Pick<
  Offering,
  'id' | 'providerPublicKey' | 'providerAccountId' | 'monthlyPriceE9s' | 'stockTotal' | 'agentPoolId'
>): Offering {
  return {
    id,
    ...own,
    offeringSource: 'provider',
    reliabilityScore: null,
    trustScore: null,
    createdAtNs: 0n,
    offeringId: `offering-${id}`,
    offerName: `Offering ${id}`,
    description: null,
    productType: 'compute',
    visibility: 'public',
    isDraft: false,
    publishAt: null,
    currency: 'USD',
    setupFeeE9s: 0n,
    pricePerUnitE9s: null,
    overagePricePerUnitE9s: null,
    stockStatus: 'in_stock',
    datacenterCountry: 'DE',
    minContractHours: null,
    maxContractHours: null,
    provisionerType: 'simulated',
    postProvisionScript: null,
    details: {
      billing_interval: 'monthly',
      billing_unit: 'month',
      is_subscription: false,
      unmetered_bandwidth: false,
      datacenter_city: 'Falkenstein',
    },
  };
}
