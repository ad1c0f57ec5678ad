import { z } from 'zod';
import { fact } from '../wire/fact.ts';
import { ACCOUNT_A, AT, CONTRACT } from '../wire/samples.ts';
import { contractIdHex, idHex, int64 } from '../wire/schema.ts';
import { WALLET_ENTRIES } from '../words/payments.ts';

export const rentalCharged = fact({
  subject: 'evt.payments.v1.rental-charged',
  payload: z.object({
    contractId: contractIdHex(),
    accountId: idHex(),
    amountE9s: int64(0n),
    currency: z.string(),
    atNs: int64(),
  }),
  sample: { contractId: CONTRACT, accountId: ACCOUNT_A, amountE9s: 13_888_888n, currency: 'USD', atNs: AT },
});

export const refundIssued = fact({
  subject: 'evt.payments.v1.refund-issued',
  payload: z.object({
    contractId: contractIdHex(),
    accountId: idHex(),
    amountE9s: int64(1n),
    currency: z.string(),
    atNs: int64(),
  }),
  audience: (refund) => [refund.accountId],
  live: (refund) => ({
    event: 'refund-issued',
    data: { contract_id: refund.contractId, amount_e9s: refund.amountE9s, currency: refund.currency },
  }),
  sample: { contractId: CONTRACT, accountId: ACCOUNT_A, amountE9s: 13_000_000n, currency: 'USD', atNs: AT },
});

export const walletChanged = fact({
  subject: 'evt.payments.v1.wallet-changed',
  payload: z.object({
    accountId: idHex(),
    entryType: z.enum(WALLET_ENTRIES),
    amountE9s: int64(),
    balanceE9s: int64(0n),
    currency: z.string(),
    reference: z.string().optional(),
    atNs: int64(),
  }),
  audience: (change) => [change.accountId],
  live: (change) => ({
    event: 'wallet-changed',
    data: { entryType: change.entryType, amountE9s: change.amountE9s, balanceE9s: change.balanceE9s },
  }),
  sample: {
    accountId: ACCOUNT_A,
    entryType: 'topup',
    amountE9s: 10_000_000_000n,
    balanceE9s: 10_000_000_000n,
    currency: 'USD',
    atNs: AT,
  },
});
