import type { FactPayload, facts } from '@decent-cloud/messages';
import { PAGES, rentalPage } from '@decent-cloud/messages/pages';
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

/** Undefined for movements of rentals: the rental and the refund speak for themselves. */
export function tellWalletChange(change: FactPayload<typeof facts.walletChanged>): Text | undefined {
  const amount = amountText(change.amountE9s, change.currency);
  const balance = `The balance is ${amountText(change.balanceE9s, change.currency)}.`;
  if (change.entryType === 'topup') {
    return {
      type: 'wallet_topup',
      title: 'Wallet Topped Up',
      body: `${amount} has been added to your wallet. ${balance}`,
      linkPath: PAGES.wallet,
      mail: 'now',
    };
  }
  if (change.entryType === 'adjustment') {
    return {
      type: 'wallet_adjustment',
      title: 'Wallet Adjusted',
      body: `Your wallet has been adjusted by ${amount}. ${balance}`,
      linkPath: PAGES.wallet,
      mail: 'now',
    };
  }
  return undefined;
}
