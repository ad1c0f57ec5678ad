import { Refusal } from '@decent-cloud/kernel';
import { type Contract, isPaid } from './contract.ts';
import { lifecycle, needsPayment, type Status } from './status.ts';

type Mover = Pick<Contract, 'status' | 'paymentStatus'>;

/** Do table and payment allow this move? */
export const mayMove = (contract: Mover, to: Status): boolean =>
  lifecycle.canMove(contract.status, to) && isCovered(contract, to);

/** @throws Refusal CONFLICT when table or payment do not allow this move. */
export function assertMayMove(contract: Mover, to: Status): void {
  lifecycle.assertMove(contract.status, to);
  if (isCovered(contract, to)) return;
  throw new Refusal(
    'CONFLICT',
    'TRANSITION_NOT_ALLOWED',
    `Cannot move from ${contract.status} to ${to}: the payment is not confirmed yet`,
  );
}

const isCovered = (contract: Mover, to: Status): boolean => !needsPayment(to) || isPaid(contract);
