import type { FactPayload, facts } from '@decent-cloud/messages';
import { PAGES, rentalPage } from '@decent-cloud/messages/pages';
import type { WalletEntry } from '@decent-cloud/messages/words';
import { amountText, shortId, type Text } from './text.ts';

/** The exact amount that came back. */
export function tellRefund(refund: FactPayload<typeof facts.refundIssued>): Text {
  return {
    type: 'refund_issued',
    title: 'Refund Issued',
    body: `${amountText(refund.amountE9s, refund.currency)} for your rental ${shortId(refund.contractId)} has been refunded.`,
    linkPath: rentalPage(refund.contractId),
    mail: 'now',
  };
}

type WalletChange = FactPayload<typeof facts.walletChanged>;

/** Undefined for movements of rentals: the rental and the refund speak for themselves. */
const TELLERS: Readonly<
  Record<WalletEntry, ((amount: string) => Pick<Text, 'type' | 'title' | 'body'>) | undefined>
> = {
  topup: (amount) => ({
    type: 'wallet_topup',
    title: 'Wallet Topped Up',
    body: `${amount} has been added to your wallet.`,
  }),
  adjustment: (amount) => ({
    type: 'wallet_adjustment',
    title: 'Wallet Adjusted',
    body: `Your wallet has been adjusted by ${amount}.`,
  }),
  rental_debit: undefined,
  rental_refund: undefined,
};

/** What the owner of a wallet is told of a change; undefined for what is told otherwise. */
export function tellWalletChange(change: WalletChange): Text | undefined {
  const told = TELLERS[change.entryType]?.(amountText(change.amountE9s, change.currency));
  if (!told) return undefined;
  const balance = amountText(change.balanceE9s, change.currency);
  return {
    ...told,
    body: `${told.body} The balance is ${balance}.`,
    linkPath: PAGES.wallet,
    mail: 'now',
  };
}
