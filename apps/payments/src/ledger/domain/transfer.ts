import { formatAmountE9s, Refusal } from '@decent-cloud/kernel';
import { PAGES } from '@decent-cloud/messages/pages';

/** Kinds of ledger accounts; see the migration for who owns which. */
export type AccountKind = 'wallet' | 'escrow' | 'provider_earned' | 'external_test';
export type Purpose = 'topup' | 'rental_charge' | 'rental_settlement';

export interface AccountName {
  readonly kind: AccountKind;
  readonly owner: string;
}

export interface Movement {
  readonly account: AccountName;
  /** Positive: more in this account. */
  readonly amountE9s: bigint;
}

/** One balanced movement of money in one currency. Its key makes it happen once. */
export interface Transfer {
  readonly idempotencyKey: string;
  readonly purpose: Purpose;
  readonly reference: string;
  readonly currency: string;
  readonly movements: readonly Movement[];
}

/** Only money that comes from outside may be owed; every other balance stays at zero or above. */
export const hasFloor = (kind: AccountKind): boolean => kind !== 'external_test';

export const nameOf = ({ kind, owner }: AccountName): string => `${kind}:${owner}`;

/** May so much be moved? What is reserved may not. @throws Refusal when a wallet holds too little; Error when another account would be owed */
export function assertAboveFloor(
  account: AccountName & { readonly balanceE9s: bigint; readonly reservedE9s?: bigint },
  amountE9s: bigint,
  currency: string,
): void {
  const { balanceE9s, reservedE9s = 0n } = account;
  const availableE9s = balanceE9s > reservedE9s ? balanceE9s - reservedE9s : 0n;
  if (!hasFloor(account.kind) || amountE9s >= 0n || availableE9s + amountE9s >= 0n) return;
  if (account.kind !== 'wallet') throw new Error(`${nameOf(account)} would fall below zero`);
  throw new Refusal(
    'PAYMENT_REQUIRED',
    'INSUFFICIENT_BALANCE',
    `Insufficient wallet balance: ${formatAmountE9s(-amountE9s)} ${currency} needed, ` +
      `${formatAmountE9s(availableE9s)} ${currency} available${reservedText(reservedE9s, currency)}. Top up at ${PAGES.wallet}`,
  );
}

const reservedText = (reservedE9s: bigint, currency: string): string =>
  reservedE9s === 0n
    ? ''
    : ` besides ${formatAmountE9s(reservedE9s)} ${currency} for rentals that are being made`;

const transfer = (made: Transfer): Transfer => {
  const movements = made.movements.filter(({ amountE9s }) => amountE9s !== 0n);
  const sum = movements.reduce((total, { amountE9s }) => total + amountE9s, 0n);
  if (sum !== 0n || movements.length < 2) throw new Error(`transfer ${made.idempotencyKey} does not balance`);
  return { ...made, movements };
};

/** Test money into a wallet. */
export function testTopUp(topUp: {
  operationId: string;
  accountId: string;
  amountE9s: bigint;
  currency: string;
}): Transfer {
  return transfer({
    idempotencyKey: `topup:${topUp.operationId}`,
    purpose: 'topup',
    reference: topUp.operationId,
    currency: topUp.currency,
    movements: [
      { account: { kind: 'external_test', owner: 'test' }, amountE9s: -topUp.amountE9s },
      { account: { kind: 'wallet', owner: topUp.accountId }, amountE9s: topUp.amountE9s },
    ],
  });
}

/** The price of a rental out of the wallet, held until it ends. */
export function rentalCharge(charge: {
  contractId: string;
  accountId: string;
  amountE9s: bigint;
  currency: string;
}): Transfer {
  return transfer({
    idempotencyKey: `rental:${charge.contractId}:charge`,
    purpose: 'rental_charge',
    reference: charge.contractId,
    currency: charge.currency,
    movements: [
      { account: { kind: 'wallet', owner: charge.accountId }, amountE9s: -charge.amountE9s },
      { account: { kind: 'escrow', owner: charge.contractId }, amountE9s: charge.amountE9s },
    ],
  });
}

/** All that was held goes out: back to the tenant, and to the provider what was earned. */
export function rentalSettlement(settlement: {
  contractId: string;
  accountId: string;
  providerPublicKey: string;
  refundE9s: bigint;
  earnedE9s: bigint;
  currency: string;
}): Transfer {
  const { refundE9s, earnedE9s } = settlement;
  return transfer({
    idempotencyKey: `rental:${settlement.contractId}:settlement`,
    purpose: 'rental_settlement',
    reference: settlement.contractId,
    currency: settlement.currency,
    movements: [
      { account: { kind: 'escrow', owner: settlement.contractId }, amountE9s: -(refundE9s + earnedE9s) },
      { account: { kind: 'wallet', owner: settlement.accountId }, amountE9s: refundE9s },
      { account: { kind: 'provider_earned', owner: settlement.providerPublicKey }, amountE9s: earnedE9s },
    ],
  });
}
