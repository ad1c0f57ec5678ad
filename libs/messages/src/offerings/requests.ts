import { z } from 'zod';
import { request } from '../wire/endpoint.ts';
import { holdingsOfKey } from '../wire/holdings-of-key.ts';
import { idHex, int32, int64, publicKeyHex } from '../wire/schema.ts';

export const holdingsOfKeyInOfferings = request({
  subject: 'req.offerings.v1.holdings-of-key',
  ...holdingsOfKey,
});

const rentalWish = {
  holdId: z.uuid(),
  offeringDbId: int64(1n),
  renterPublicKey: publicKeyHex(),
  /** When it is known to whoever asks: accounts need not be asked then whose key it is. */
  renterAccountId: idHex().optional(),
  durationHours: int32(1, 1_000_000),
};

/** What a rental is made of, as the offering is now. */
const rentalTerms = z.object({
  offeringDbId: int64(1n),
  offeringId: z.string(),
  offerName: z.string(),
  providerPublicKey: publicKeyHex(),
  currency: z.string(),
  monthlyPriceE9s: int64(0n),
  /** The provider lets paid requests through without being asked. */
  autoAccept: z.boolean(),
  agentPoolId: z.string().optional(),
  datacenterCountry: z.string(),
  cpuCores: int32(1).optional(),
  memoryMb: int32(1).optional(),
  storageGb: int32(1).optional(),
  operatingSystems: z.string().optional(),
  provisionerType: z.string().optional(),
  provisionerConfig: z.string().optional(),
  postProvisionScript: z.string().optional(),
});

/** Could this renter have a unit for so long? Takes nothing. A unit that is held under this id already counts as free. */
export const quoteRental = request({
  subject: 'req.offerings.v1.quote-rental',
  askedBy: ['contracts'],
  body: z.object(rentalWish),
  answer: rentalTerms.extend({
    /** One of these its machine will be; empty or absent: not known. */
    machineTypes: z.array(z.string()).optional(),
    /** Absent: not known to offerings. A key that has an account keeps it. */
    providerAccountId: idHex().optional(),
  }),
  refusals: [
    'OFFERING_NOT_FOUND',
    'OUT_OF_STOCK',
    'PROVIDER_OFFLINE',
    'DURATION_OUT_OF_RANGE',
    'CURRENCY_UNSUPPORTED',
  ],
});

/**
 * Checks that this renter may rent this offering for so long, and takes one unit out of stock until `untilNs`.
 * Repeating it with the same holdId gives the same hold.
 */
export const holdStock = request({
  subject: 'req.offerings.v1.hold-stock',
  askedBy: ['contracts'],
  body: z.object({ ...rentalWish, untilNs: int64() }),
  answer: rentalTerms,
  refusals: ['OFFERING_NOT_FOUND', 'OUT_OF_STOCK', 'DURATION_OUT_OF_RANGE', 'CURRENCY_UNSUPPORTED'],
});

/** Puts the unit back before the contract exists. Unknown holds are fine. */
export const releaseStock = request({
  subject: 'req.offerings.v1.release-stock',
  askedBy: ['contracts'],
  body: z.object({ holdId: z.uuid() }),
  answer: z.object({ released: z.boolean() }),
});

/** How many offerings can be rented now. */
export const countForRent = request({
  subject: 'req.offerings.v1.count-for-rent',
  askedBy: ['gateway'],
  answer: z.object({ count: int32(0) }),
});

/** How many offerings a provider has for each pool that they name, and, of those that name none, for each country. */
export const countByPool = request({
  subject: 'req.offerings.v1.count-by-pool',
  askedBy: ['agents'],
  body: z.object({ providerPublicKey: publicKeyHex() }),
  answer: z.object({
    byPoolId: z.record(z.string(), int32(0)),
    byCountry: z.record(z.string(), int32(0)),
  }),
});
