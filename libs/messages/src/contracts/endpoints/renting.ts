import { z } from 'zod';
import { endpoint } from '../../wire/endpoint.ts';
import { int32, int64, optionalIn } from '../../wire/schema.ts';
import { text } from '../../wire/text.ts';
import { contractParams, tags, whenMachineLost } from '../parts.ts';

export const createContract = endpoint({
  method: 'POST',
  path: '/api/v1/contracts',
  subject: 'req.contracts.v1.create-contract',
  auth: 'signed',
  idempotent: true,
  summary: 'Rent an offering',
  tags,
  body: z
    .object({
      offering_db_id: int64(1n),
      ssh_pubkey: optionalIn(text(16_384)).meta({ description: 'One public key line. Needed.' }),
      contact_method: optionalIn(text(512)),
      request_memo: optionalIn(text(10_000)),
      duration_hours: optionalIn(int32(1, 1_000_000)).meta({ description: 'By default 720.' }),
      payment_method: optionalIn(text(32)).meta({
        description: 'wallet, stripe or (outside production) test, in any case. Needed.',
      }),
      buyer_address: optionalIn(text(4_096)),
      operating_system: optionalIn(text(255)),
      expected_amount_e9s: optionalIn(int64(0n)).meta({
        description:
          'The price of the whole rental as it was shown, 10⁻⁹ of the currency: a higher one is refused, a lower one is charged. Absent: whatever it costs.',
      }),
      expected_currency: optionalIn(text(16)).meta({
        description: 'The currency that the price was shown in: another one is refused.',
      }),
      when_machine_lost: optionalIn(whenMachineLost).meta({
        description: 'What becomes of the rental when its machine is lost. By default it ends.',
      }),
    })
    .meta({
      id: 'RentalRequestParams',
      examples: [
        {
          offering_db_id: 13,
          ssh_pubkey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA… alice',
          duration_hours: 24,
          payment_method: 'wallet',
          operating_system: 'Debian 12',
          expected_amount_e9s: 333333333,
          expected_currency: 'USD',
        },
      ],
    }),
  answer: z.object({ contractId: z.string(), message: z.string(), checkoutUrl: z.string().optional() }).meta({
    id: 'RentalRequestResponse',
    examples: [
      {
        contractId: '123959ac0712d750896ad9bf1f30262724f7381cd777f3684ed8ecf7a5bdee1d',
        message: 'Rental request created successfully',
      },
    ],
  }),
  refusals: [
    'SSH_KEY_INVALID',
    'OFFERING_NOT_FOUND',
    'EMAIL_UNVERIFIED',
    'CURRENCY_UNSUPPORTED',
    'PAYMENT_METHOD_UNAVAILABLE',
    'DURATION_OUT_OF_RANGE',
    'PRICE_CHANGED',
    'OUT_OF_STOCK',
    'PROVIDER_OFFLINE',
    'INSUFFICIENT_BALANCE',
    'IDEMPOTENCY_KEY_REUSED',
  ],
});

export const respondToRequest = endpoint({
  method: 'POST',
  path: '/api/v1/provider/rental-requests/{id}/respond',
  subject: 'req.contracts.v1.respond-to-request',
  auth: 'signed',
  idempotent: true,
  summary: 'Accept or reject a rental request; a rejection returns the money',
  tags,
  params: contractParams,
  body: z
    .object({ accept: z.boolean(), memo: optionalIn(text(10_000)) })
    .meta({ id: 'RentalResponseRequest', examples: [{ accept: true, memo: 'welcome' }] }),
  answer: z.string(),
  refusals: ['CONTRACT_NOT_FOUND', 'OWN_CONTRACT', 'TRANSITION_NOT_ALLOWED'],
});

export const cancelContract = endpoint({
  method: 'PUT',
  path: '/api/v1/contracts/{id}/cancel',
  subject: 'req.contracts.v1.cancel-contract',
  auth: 'signed',
  idempotent: true,
  summary: 'Cancel an own rental; unused time is paid back',
  tags,
  params: contractParams,
  body: z.object({ memo: optionalIn(text(10_000)) }).meta({ id: 'CancelContractRequest' }),
  answer: z.string(),
  refusals: ['CONTRACT_NOT_FOUND', 'OWN_CONTRACT', 'TRANSITION_NOT_ALLOWED'],
});
