import { z } from 'zod';
import { endpoint } from '../../wire/endpoint.ts';
import { int64, optionalIn, publicKeyHex, word } from '../../wire/schema.ts';
import { TOP_UP_METHODS, WALLET_ENTRIES } from '../../words/payments.ts';

const tags = ['payments'];
const walletParams = z.object({ pubkey: publicKeyHex() });

/** `createdAt` is Unix seconds here. */
export const walletLedgerEntry = z
  .object({
    id: int64(),
    amountE9s: int64(),
    balanceAfterE9s: int64(),
    entryType: word(WALLET_ENTRIES),
    reference: z.string().optional(),
    createdAt: int64(),
  })
  .meta({ id: 'WalletLedgerEntry' });

export const getWallet = endpoint({
  method: 'GET',
  path: '/api/v1/users/{pubkey}/wallet',
  subject: 'req.payments.v1.get-wallet',
  auth: 'self',
  summary: 'Balance and the newest 20 entries of the own wallet',
  tags,
  params: walletParams,
  answer: z
    .object({
      balanceE9s: int64().nullable().meta({ description: '10⁻⁹ USD; null: never topped up.' }),
      recentLedger: z.array(walletLedgerEntry),
    })
    .meta({
      id: 'WalletResponse',
      examples: [
        {
          balanceE9s: 50000000000,
          recentLedger: [
            {
              id: 17,
              amountE9s: 50000000000,
              balanceAfterE9s: 50000000000,
              entryType: 'topup',
              createdAt: 1795414902,
            },
          ],
        },
      ],
    }),
});

export const topUpWallet = endpoint({
  method: 'POST',
  path: '/api/v1/users/{pubkey}/wallet/topup',
  subject: 'req.payments.v1.top-up-wallet',
  auth: 'self',
  idempotent: true,
  summary: 'Begin to top up the own wallet: open the answered address to pay',
  tags,
  params: walletParams,
  body: z
    .object({
      amountUsd: z.number().meta({ description: 'Whole cents, from 0.01 to 10,000 USD.' }),
      method: optionalIn(z.enum(TOP_UP_METHODS)).meta({
        description:
          '`test` pays at once and exists outside production only; absent: `test` there, `stripe` in production.',
      }),
    })
    .meta({ id: 'WalletTopupRequest', examples: [{ amountUsd: 25.5 }] }),
  answer: z
    .object({
      checkoutUrl: z.string(),
      creditedE9s: int64().optional().meta({
        description: 'What is in the wallet by now; absent: nothing is, until it is paid at `checkoutUrl`.',
      }),
      balanceE9s: int64().optional().meta({ description: 'What the wallet held then, this included.' }),
    })
    .meta({
      id: 'WalletTopupResponse',
      examples: [
        {
          checkoutUrl: 'https://decent-cloud.org/dashboard/wallet?topup=success',
          creditedE9s: 25_500_000_000,
          balanceE9s: 75_500_000_000,
        },
      ],
    }),
  refusals: ['AMOUNT_INVALID', 'PAYMENT_METHOD_UNAVAILABLE', 'IDEMPOTENCY_KEY_REUSED'],
});
