import { CliError } from '../exit.ts';
import { amount, details, time } from '../print.ts';
import { type Contract, plainSshLine, sshTargetOf } from '../ssh/target.ts';
import { allowedCommands } from './allowed-actions.ts';

export function describeContract(contract: Contract): string {
  const { gateway_subdomain: gateway, gateway_ssh_port: port } = contract;
  return details({
    'Contract id': contract.contract_id,
    Status: contract.status,
    Reason: contract.provisioning_failure_reason,
    Offering: contract.offering_name ?? contract.offering_id,
    Tenant: contract.requester_username ?? contract.requester_pubkey,
    Provider: contract.provider_username ?? contract.provider_pubkey,
    Amount: amount(contract.payment_amount_e9s, contract.currency),
    Payment: `${contract.payment_method}, ${contract.payment_status}`,
    Refunded: contract.refund_amount_e9s ? amount(contract.refund_amount_e9s, contract.currency) : undefined,
    Hours: contract.duration_hours,
    'Created at': time(contract.created_at_ns),
    'Starts at': time(contract.start_timestamp_ns),
    'Ends at': time(contract.end_timestamp_ns),
    System: contract.operating_system,
    'If lost': contract.when_machine_lost,
    Gateway: gateway && `${gateway}${port === undefined ? '' : `, SSH port ${port}`}`,
    Ports:
      contract.gateway_port_range_start === undefined
        ? undefined
        : `${contract.gateway_port_range_start} to ${contract.gateway_port_range_end}`,
    'Allowed now': allowedCommands(contract),
    ...loginOf(contract),
  });
}

/** How to get in, ready to copy; nothing when there is no machine, or none that can be reached. */
function loginOf(contract: Contract) {
  try {
    const target = sshTargetOf(contract);
    return {
      'Log in': `dc contract ssh ${contract.contract_id}`,
      'Without dc': plainSshLine(target, contract.contract_id),
    };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return {};
  }
}
