import type { Transfer } from '../ledger/domain/transfer.ts';

/** Money that somebody wants to bring into a wallet. */
export interface TopUp {
  readonly operationId: string;
  readonly accountId: string;
  readonly amountE9s: bigint;
  readonly currency: string;
}

export interface BegunPayment {
  /** Where whoever pays goes on. */
  readonly checkoutUrl: string;
  /** What has been paid by now; its key makes it count once. */
  readonly paid: Transfer;
}

/** Who brings money in from outside. The same operation again is the same payment. */
export interface PaymentCompany {
  begin(topUp: TopUp): Promise<BegunPayment>;
}
