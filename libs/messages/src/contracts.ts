import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { rentalStepsMembers } from './rental-steps.ts';
import { contractIdHex, int32, int64, optionalIn, pageQuery, publicKeyHex } from './schema.ts';
import { text } from './text.ts';

const tags = ['contracts'];
const string = () => z.string().optional();
const integer = () => z.int().optional();
const bigInteger = () => int64().optional();

/** A rental. Times are Unix nanoseconds, amounts 10⁻⁹ of the currency unit. */
export const contract = z
  .object({
    contract_id: z.string(),
    requester_pubkey: z.string(),
    requester_ssh_pubkey: z.string(),
    requester_contact: z.string(),
    requester_username: string(),
    provider_pubkey: z.string(),
    provider_username: string(),
    offering_id: z.string(),
    offering_name: string(),
    region_name: string(),
    instance_config: string(),
    payment_amount_e9s: int64(),
    start_timestamp_ns: bigInteger(),
    end_timestamp_ns: bigInteger(),
    duration_hours: integer(),
    original_duration_hours: integer(),
    request_memo: z.string(),
    created_at_ns: int64(),
    status: z.string(),
    /** JSON text: how to reach the machine. Never a password. */
    provisioning_instance_details: string(),
    provisioning_completed_at_ns: bigInteger(),
    /** Why it ended without a machine, in words for people. */
    provisioning_failure_reason: string(),
    payment_method: z.string(),
    stripe_checkout_session_id: string(),
    stripe_payment_intent_id: string(),
    stripe_customer_id: string(),
    icpay_transaction_id: string(),
    payment_status: z.string(),
    currency: z.string(),
    refund_amount_e9s: bigInteger(),
    stripe_refund_id: string(),
    refund_created_at_ns: bigInteger(),
    status_updated_at_ns: bigInteger(),
    icpay_payment_id: string(),
    icpay_refund_id: string(),
    total_released_e9s: bigInteger(),
    last_release_at_ns: bigInteger(),
    tax_amount_e9s: bigInteger(),
    tax_rate_percent: z.number().optional(),
    tax_type: string(),
    tax_jurisdiction: string(),
    customer_tax_id: string(),
    reverse_charge: z.boolean().optional(),
    buyer_address: string(),
    stripe_invoice_id: string(),
    receipt_number: integer(),
    receipt_sent_at_ns: bigInteger(),
    stripe_subscription_id: string(),
    subscription_status: string(),
    current_period_end_ns: bigInteger(),
    cancel_at_period_end: z.boolean(),
    auto_renew: z.boolean(),
    gateway_slug: string(),
    gateway_subdomain: string(),
    gateway_ssh_port: integer(),
    gateway_port_range_start: integer(),
    gateway_port_range_end: integer(),
    password_reset_requested_at_ns: bigInteger(),
    ssh_key_rotation_requested_at_ns: bigInteger(),
    operating_system: string(),
  })
  .meta({
    id: 'Contract',
    examples: [
      {
        contract_id: '123959ac0712d750896ad9bf1f30262724f7381cd777f3684ed8ecf7a5bdee1d',
        requester_pubkey: '65ddddd0c8ffb15fc27a9f58a2758a2b34ebfa59046c6d3c81f9c97132ad2e9e',
        requester_ssh_pubkey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA… alice',
        requester_contact: 'email:alice@example.com',
        requester_username: 'alice',
        provider_pubkey: '14ac3e4c83f9c78fa47698acf3b8d1541ac5b6afc7bf611eb81b647e0ec787b3',
        offering_id: 'small-vps',
        offering_name: 'Small VPS',
        payment_amount_e9s: 2400000000,
        duration_hours: 24,
        request_memo: '',
        created_at_ns: 1795415157151753000,
        status: 'active',
        payment_method: 'wallet',
        payment_status: 'succeeded',
        currency: 'USD',
        cancel_at_period_end: false,
        auto_renew: false,
      },
    ],
  });

const contractParams = z.object({ id: contractIdHex() });
const partyParams = z.object({ pubkey: publicKeyHex() });
/** Narrows a list to one status. */
const listQuery = z.object({ ...pageQuery(200, 200), status: text(32).optional() });

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
    'OUT_OF_STOCK',
    'INSUFFICIENT_BALANCE',
    'IDEMPOTENCY_KEY_REUSED',
  ],
});

export const getContract = endpoint({
  method: 'GET',
  path: '/api/v1/contracts/{id}',
  subject: 'req.contracts.v1.get-contract',
  auth: 'signed',
  summary: 'Show a contract to its tenant or provider',
  tags,
  params: contractParams,
  answer: contract,
  refusals: ['CONTRACT_NOT_FOUND', 'OWN_CONTRACT'],
});

export const listMyContracts = endpoint({
  method: 'GET',
  path: '/api/v1/users/{pubkey}/contracts',
  subject: 'req.contracts.v1.list-my-contracts',
  auth: 'self',
  summary: 'List what one rents, newest first',
  tags,
  params: partyParams,
  query: listQuery,
  answer: z.array(contract),
});

export const listProviderContracts = endpoint({
  method: 'GET',
  path: '/api/v1/providers/{pubkey}/contracts',
  subject: 'req.contracts.v1.list-provider-contracts',
  auth: 'self',
  summary: 'List what one lets, newest first',
  tags,
  params: partyParams,
  query: listQuery,
  answer: z.array(contract),
});

export const listPendingRequests = endpoint({
  method: 'GET',
  path: '/api/v1/provider/rental-requests/pending',
  subject: 'req.contracts.v1.list-pending-requests',
  auth: 'signed',
  summary: 'List requests that wait for the answer of the calling provider',
  tags,
  query: z.object(pageQuery(200, 200)),
  answer: z.array(contract),
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

export const contractEvent = z
  .object({
    id: int64(),
    contractId: z.string(),
    eventType: z.string(),
    oldStatus: z.string().optional(),
    newStatus: z.string().optional(),
    actor: z.string(),
    details: z.string().optional(),
    createdAt: int64(),
  })
  .meta({
    id: 'ContractEvent',
    examples: [
      {
        id: 34,
        contractId: '123959ac0712d750896ad9bf1f30262724f7381cd777f3684ed8ecf7a5bdee1d',
        eventType: 'status_change',
        oldStatus: 'requested',
        newStatus: 'accepted',
        actor: 'system',
        createdAt: 1795414894595405800,
      },
    ],
  });

export const listContractEvents = endpoint({
  method: 'GET',
  path: '/api/v1/contracts/{id}/events',
  subject: 'req.contracts.v1.list-contract-events',
  auth: 'signed',
  summary: 'What happened to a contract, oldest first, for tenant and provider',
  tags,
  params: contractParams,
  query: z.object(pageQuery(500, 200)),
  answer: z.array(contractEvent),
  refusals: ['CONTRACT_NOT_FOUND', 'OWN_CONTRACT'],
});

export const getContractSteps = endpoint({
  method: 'GET',
  path: '/api/v1/contracts/{id}/steps',
  subject: 'req.contracts.v1.get-contract-steps',
  auth: 'signed',
  summary: 'How far a rental is, step by step, for its tenant and provider',
  tags,
  params: contractParams,
  answer: z.object(rentalStepsMembers).meta({ id: 'RentalSteps' }),
  refusals: ['CONTRACT_NOT_FOUND', 'OWN_CONTRACT'],
});

export const getCredentials = endpoint({
  method: 'GET',
  path: '/api/v1/contracts/{id}/credentials',
  subject: 'req.contracts.v1.get-credentials',
  auth: 'signed',
  summary: 'The sealed credentials of a machine, as JSON text that only the calling key can open',
  tags,
  params: contractParams,
  answer: z.string(),
  refusals: ['CONTRACT_NOT_FOUND', 'OWN_CONTRACT', 'CREDENTIALS_NOT_AVAILABLE'],
});

const operationRefusals = ['CONTRACT_NOT_FOUND', 'OWN_CONTRACT', 'TRANSITION_NOT_ALLOWED'] as const;

export const resetPassword = endpoint({
  method: 'POST',
  path: '/api/v1/contracts/{id}/reset-password',
  subject: 'req.contracts.v1.reset-password',
  auth: 'signed',
  idempotent: true,
  summary: 'Ask for a new password of an own machine, sealed for every key of the account; at most 5 an hour',
  tags,
  params: contractParams,
  answer: z.string(),
  refusals: [...operationRefusals, 'RATE_LIMITED'],
});

export const rotateSshKey = endpoint({
  method: 'POST',
  path: '/api/v1/contracts/{id}/rotate-ssh-key',
  subject: 'req.contracts.v1.rotate-ssh-key',
  auth: 'signed',
  idempotent: true,
  summary: 'Let another SSH key into an own machine, and the present one no more',
  tags,
  params: contractParams,
  body: z
    .object({ newSshPubkey: text(16_384).meta({ description: 'One public key line, without options.' }) })
    .meta({
      id: 'RotateSshKeyRequest',
      examples: [{ newSshPubkey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA… alice' }],
    }),
  answer: z.string(),
  refusals: [...operationRefusals, 'SSH_KEY_INVALID'],
});

export const getRecipeLog = endpoint({
  method: 'GET',
  path: '/api/v1/contracts/{id}/recipe-log',
  subject: 'req.contracts.v1.get-recipe-log',
  auth: 'signed',
  summary: "The end of what the offering's script has printed in an own machine; null when none has run",
  tags,
  params: contractParams,
  answer: z.string().nullable(),
  refusals: ['CONTRACT_NOT_FOUND', 'OWN_CONTRACT'],
});
