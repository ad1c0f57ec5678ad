import { z } from 'zod';
import { request } from '../wire/endpoint.ts';
import { holdingsOfKey } from '../wire/holdings-of-key.ts';
import { contractIdHex, idHex, int64 } from '../wire/schema.ts';

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
