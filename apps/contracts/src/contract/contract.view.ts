import { NS_PER_HOUR } from '@decent-cloud/kernel';
import type { AnswerInput } from '@decent-cloud/messages';
import type { getContract } from '@decent-cloud/messages/contracts';
import type { User } from '@decent-cloud/runtime';
import { allowedActions } from './domain/allowed-actions.ts';
import type { Contract } from './domain/contract.ts';
import type { MachineDetails } from './domain/contract-parts.ts';
import { partiesOfUser } from './parties.ts';

type GatewayMembers = Pick<
  ContractJson,
  | 'gateway_slug'
  | 'gateway_subdomain'
  | 'gateway_ssh_port'
  | 'gateway_port_range_start'
  | 'gateway_port_range_end'
>;
export type ContractJson = AnswerInput<typeof getContract>;

/**
 * A contract as the API shows it. Start and end are what was planned until the machine is there; then they are the
 * paid time itself.
 */
export function contractJson(
  contract: Contract,
  names: ReadonlyMap<string, string>,
  reader: User,
): ContractJson {
  const startNs = contract.provisioningCompletedAtNs ?? contract.createdAtNs;
  return {
    contract_id: contract.contractId,
    requester_pubkey: contract.tenantPublicKey,
    requester_ssh_pubkey: contract.tenantSshPublicKey,
    requester_contact: contract.tenantContact,
    requester_username: names.get(contract.tenantPublicKey),
    provider_pubkey: contract.providerPublicKey,
    provider_username: names.get(contract.providerPublicKey),
    offering_id: contract.offeringId,
    offering_name: contract.offeringName,
    payment_amount_e9s: contract.priceE9s,
    start_timestamp_ns: startNs,
    end_timestamp_ns: contract.endsAtNs ?? startNs + BigInt(contract.durationHours) * NS_PER_HOUR,
    duration_hours: contract.durationHours,
    original_duration_hours: contract.originalDurationHours,
    request_memo: contract.requestMemo,
    created_at_ns: contract.createdAtNs,
    status: contract.status,
    provisioning_instance_details:
      contract.instanceDetails === null ? undefined : JSON.stringify(contract.instanceDetails),
    ...gatewayOf(contract.instanceDetails),
    provisioning_completed_at_ns: contract.provisioningCompletedAtNs ?? undefined,
    provisioning_failure_reason: contract.failureMessage ?? undefined,
    payment_method: contract.paymentMethod,
    payment_status: contract.paymentStatus,
    currency: contract.currency,
    refund_amount_e9s: contract.refundAmountE9s ?? undefined,
    refund_created_at_ns: contract.refundCreatedAtNs ?? undefined,
    status_updated_at_ns: contract.statusUpdatedAtNs,
    reverse_charge: false,
    buyer_address: contract.buyerAddress ?? undefined,
    cancel_at_period_end: false,
    auto_renew: false,
    password_reset_requested_at_ns: contract.passwordResetRequestedAtNs ?? undefined,
    ssh_key_rotation_requested_at_ns: contract.sshKeyRotationRequestedAtNs ?? undefined,
    operating_system: contract.operatingSystem ?? undefined,
    ...(contract.provisioningCompletedAtNs !== null && {
      machine_availability: contract.machineAvailability,
      machine_down_since_ns: contract.machineDownSinceNs ?? undefined,
      machine_down_ns: contract.machineDownNs,
    }),
    when_machine_lost: contract.whenMachineLost,
    allowed_actions: allowedActions(contract, partiesOfUser(reader, contract)),
  };
}

/** Where the provider's gateway lets the tenant in, when there is one. */
function gatewayOf(details: MachineDetails | null): GatewayMembers {
  if (details === null) return {};
  return {
    gateway_slug: details.gateway_slug,
    gateway_subdomain: details.gateway_subdomain,
    gateway_ssh_port: details.gateway_ssh_port,
    gateway_port_range_start: details.gateway_port_range_start,
    gateway_port_range_end: details.gateway_port_range_end,
  };
}
