import { z } from 'zod';
import { KEY_STATUSES } from './accounts/words.ts';
import { AGENT_PERMISSIONS } from './agents/words.ts';
import { CONTRACT_STATUSES } from './contracts/words.ts';
import { request } from './endpoint.ts';
import { contractIdHex, idHex, int32, int64, publicKeyHex, word } from './schema.ts';

/** What services ask each other. The same as an endpoint, without a door to the outside. */

/** What hangs on a public key in this service; asked before the key joins an account. */
const holdingsOfKey = {
  askedBy: ['accounts'] as const,
  body: z.object({ publicKey: publicKeyHex() }),
  answer: z.object({
    /** In the plural: "offerings". What is not there may be left out. */
    holdings: z.array(z.object({ what: z.string(), count: int32(0) })).max(10),
  }),
};

// ---- accounts ----------------------------------------------------------------------------------

/** Whose key is this? Asked by the gateway for every signer that it has not seen lately. */
export const resolveKey = request({
  subject: 'req.accounts.v1.resolve-key',
  askedBy: ['gateway', 'offerings', 'contracts', 'payments'],
  body: z.object({ publicKey: publicKeyHex() }),
  answer: z.object({
    status: z.enum(KEY_STATUSES),
    accountId: idHex().optional(),
    isAdmin: z.boolean().optional(),
  }),
});

/** The account that rents or holds a wallet; a key without one gets one (`user_<8 hex>`). */
export const ensureAccount = request({
  subject: 'req.accounts.v1.ensure-account',
  askedBy: ['contracts', 'payments'],
  body: z.object({ publicKey: publicKeyHex() }),
  answer: z.object({
    accountId: idHex(),
    username: z.string(),
    /** Absent when nobody registered the account yet: there is nothing to verify then. */
    email: z.string().optional(),
    emailVerified: z.boolean(),
    /** Every active key of the account, at most 20. */
    activePublicKeys: z.array(publicKeyHex()),
    created: z.boolean(),
  }),
});

/** Names for lists: usernames of up to 200 keys. */
export const namesOfKeys = request({
  subject: 'req.accounts.v1.names-of-keys',
  askedBy: ['gateway', 'contracts', 'offerings'],
  body: z.object({ publicKeys: z.array(publicKeyHex()).max(400) }),
  answer: z.object({ names: z.record(z.string(), z.string()) }),
});

// ---- offerings ---------------------------------------------------------------------------------

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

// ---- contracts ---------------------------------------------------------------------------------

export const holdingsOfKeyInContracts = request({
  subject: 'req.contracts.v1.holdings-of-key',
  ...holdingsOfKey,
});

/** Which of these holds still belong to a living contract: asked before an old hold is dropped. */
export const livingHolds = request({
  subject: 'req.contracts.v1.living-holds',
  askedBy: ['offerings'],
  body: z.object({ holdIds: z.array(z.uuid()).max(200) }),
  answer: z.object({ living: z.array(z.uuid()) }),
});

/** State of contracts as the coordinator must know it; unknown ids are left out. */
export const contractStates = request({
  subject: 'req.contracts.v1.contract-states',
  askedBy: ['agents'],
  body: z.object({ contractIds: z.array(contractIdHex()).max(200) }),
  answer: z.object({
    states: z.array(
      z.object({
        contractId: contractIdHex(),
        status: word(CONTRACT_STATUSES),
        endsAtNs: int64().optional(),
        /** How to reach the machine, as JSON text, while the contract lives. */
        instanceDetails: z.string().optional(),
      }),
    ),
  }),
});

// ---- payments ----------------------------------------------------------------------------------

export const holdingsOfKeyInPayments = request({
  subject: 'req.payments.v1.holdings-of-key',
  ...holdingsOfKey,
});

/**
 * Sets money of a wallet aside until `untilNs`: nobody else can reserve or spend it. The same id again replaces what it
 * was. It is used up by the charge that names it.
 */
export const reserveFunds = request({
  subject: 'req.payments.v1.reserve-funds',
  askedBy: ['contracts'],
  body: z.object({
    reservationId: z.uuid(),
    accountId: idHex(),
    amountE9s: int64(1n),
    currency: z.string(),
    untilNs: int64(),
  }),
  answer: z.object({ reservedE9s: int64() }),
  refusals: ['INSUFFICIENT_BALANCE', 'CURRENCY_UNSUPPORTED'],
});

/** Lets go of what was set aside. Unknown ids are fine. */
export const releaseFunds = request({
  subject: 'req.payments.v1.release-funds',
  askedBy: ['contracts'],
  body: z.object({ reservationId: z.uuid() }),
  answer: z.object({ released: z.boolean() }),
});

/** Moves the price of a rental from the tenant's wallet into escrow, once for each contract. */
export const chargeRental = request({
  subject: 'req.payments.v1.charge-rental',
  askedBy: ['contracts'],
  body: z.object({
    contractId: contractIdHex(),
    accountId: idHex(),
    amountE9s: int64(1n),
    currency: z.string(),
    /** What was set aside for it. */
    reservationId: z.uuid().optional(),
  }),
  answer: z.object({ chargedE9s: int64(), balanceE9s: int64() }),
  refusals: [
    'INSUFFICIENT_BALANCE',
    'CURRENCY_UNSUPPORTED',
    'IDEMPOTENCY_KEY_REUSED',
    'TRANSITION_NOT_ALLOWED',
  ],
});

/** What the books say about rentals; those without a charge are left out. */
export const rentalPayments = request({
  subject: 'req.payments.v1.rental-payments',
  askedBy: ['contracts'],
  body: z.object({ contractIds: z.array(contractIdHex()).max(200) }),
  answer: z.object({
    payments: z.array(
      z.object({
        contractId: contractIdHex(),
        chargedE9s: int64(),
        refundedE9s: int64(),
        settled: z.boolean(),
      }),
    ),
  }),
});

// ---- agents ------------------------------------------------------------------------------------

export const holdingsOfKeyInAgents = request({
  subject: 'req.agents.v1.holdings-of-key',
  ...holdingsOfKey,
});

/** For whom does this agent key act? Asked by the gateway about a request that the key has signed. */
export const resolveDelegation = request({
  subject: 'req.agents.v1.resolve-delegation',
  askedBy: ['gateway'],
  body: z.object({
    agentPublicKey: publicKeyHex(),
    /** The provider in the path of that request, if there is one: a key that was only named at setup joins them by it. */
    namedProvider: publicKeyHex().optional(),
  }),
  answer: z.object({
    active: z.boolean(),
    providerPublicKey: publicKeyHex().optional(),
    poolId: z.string().optional(),
    permissions: z.array(z.enum(AGENT_PERMISSIONS)),
  }),
});

/** Which of these providers' pools have an agent online: decides what is for rent. */
export const poolsOnline = request({
  subject: 'req.agents.v1.pools-online',
  askedBy: ['offerings'],
  body: z.object({ providerPublicKeys: z.array(publicKeyHex()).max(200) }),
  answer: z.object({
    pools: z.array(
      z.object({
        providerPublicKey: publicKeyHex(),
        poolId: z.string(),
        poolName: z.string(),
        location: z.string(),
        /** Absent: a platform of before this was told. */
        provisionerType: z.string().optional(),
        online: z.boolean(),
      }),
    ),
  }),
});

// ---- notifications -----------------------------------------------------------------------------

export const holdingsOfKeyInNotifications = request({
  subject: 'req.notifications.v1.holdings-of-key',
  ...holdingsOfKey,
});
