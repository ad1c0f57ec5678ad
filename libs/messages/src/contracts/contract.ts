import { z } from 'zod';
import { int64, word } from '../wire/schema.ts';
import { MACHINE_AVAILABILITIES } from '../words/agents.ts';
import {
  CONTRACT_ACTIONS,
  CONTRACT_STATUSES,
  PAYMENT_METHODS,
  PAYMENT_STATUSES,
  WHEN_MACHINE_LOST,
} from '../words/contracts.ts';

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
    status: word(CONTRACT_STATUSES),
    /** JSON text: how to reach the machine. Never a password. */
    provisioning_instance_details: string(),
    provisioning_completed_at_ns: bigInteger(),
    /** Why it ended without a machine, in words for people. */
    provisioning_failure_reason: string(),
    payment_method: word(PAYMENT_METHODS),
    stripe_checkout_session_id: string(),
    stripe_payment_intent_id: string(),
    stripe_customer_id: string(),
    icpay_transaction_id: string(),
    payment_status: word(PAYMENT_STATUSES),
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
    /** Whether the machine runs, as its agent says: up, stopped, missing or lost. */
    machine_availability: word(MACHINE_AVAILABILITIES).optional(),
    machine_down_since_ns: bigInteger(),
    /** Ended times without a machine, in sum: they are not charged. */
    machine_down_ns: bigInteger(),
    when_machine_lost: word(WHEN_MACHINE_LOST).optional(),
    allowed_actions: z.array(word(CONTRACT_ACTIONS)).optional().meta({
      description:
        'What the caller can do now. Absent: a platform of before this was told. A limit, as of passwords in an hour, can still refuse it.',
    }),
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
        allowed_actions: ['cancel', 'reset-password', 'rotate-ssh-key', 'set-when-machine-lost'],
      },
    ],
  });
