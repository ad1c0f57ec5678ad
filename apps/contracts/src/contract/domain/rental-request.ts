import { REASONS, Refusal } from '@decent-cloud/kernel';
import { knownWord, type VerbInput } from '@decent-cloud/messages';
import type { createContract } from '@decent-cloud/messages/contracts';
import { PAYMENT_METHODS, type WhenMachineLost } from '@decent-cloud/messages/words';
import type { PaymentMethod } from './contract-parts.ts';
import type { ExpectedPrice } from './expected-price.ts';
import { sshPublicKeyOf } from './ssh-public-key.ts';

export const DEFAULT_DURATION_HOURS = 720;

export interface RentalRequest {
  readonly offeringDbId: bigint;
  readonly sshPublicKey: string;
  readonly paymentMethod: PaymentMethod;
  readonly durationHours: number;
  readonly contact: string | undefined;
  readonly memo: string;
  readonly buyerAddress: string | null;
  readonly operatingSystem: string | null;
  readonly expected: ExpectedPrice;
  readonly whenMachineLost: WhenMachineLost;
}

/**
 * Checks what can be checked without asking anybody.
 * @throws Refusal
 */
export function checkRentalRequest(
  body: VerbInput<typeof createContract>['body'],
  options: { readonly production: boolean },
): RentalRequest {
  return {
    offeringDbId: body.offering_db_id,
    sshPublicKey: sshPublicKeyOf(body.ssh_pubkey),
    paymentMethod: paymentMethodOf(body.payment_method, options.production),
    durationHours: body.duration_hours ?? DEFAULT_DURATION_HOURS,
    contact: body.contact_method,
    memo: body.request_memo ?? '',
    buyerAddress: body.buyer_address ?? null,
    operatingSystem: body.operating_system ?? null,
    expected: { amountE9s: body.expected_amount_e9s, currency: body.expected_currency },
    whenMachineLost: body.when_machine_lost ?? 'end',
  };
}

function paymentMethodOf(text: string | undefined, production: boolean): PaymentMethod {
  const word = text?.trim().toLowerCase();
  if (!word) throw new Refusal('INVALID', 'PAYMENT_METHOD_UNAVAILABLE', 'payment_method is required');
  const method = knownWord(PAYMENT_METHODS, word);
  if (!method) {
    throw new Refusal(
      'INVALID',
      'PAYMENT_METHOD_UNAVAILABLE',
      `Unknown payment method: ${word.slice(0, 32)}`,
    );
  }
  if (method === 'wallet' || (method === 'test' && !production)) return method;
  throw new Refusal(
    'PRECONDITION',
    'PAYMENT_METHOD_UNAVAILABLE',
    `Payment method ${method} is not available. ${REASONS.PAYMENT_METHOD_UNAVAILABLE}`,
  );
}
