import { hostKeyAdvice, plainSshLine, type SshLogin } from '@decent-cloud/messages/contracts';
import { CliError } from '../exit.ts';
import { amount, details, time } from '../print.ts';
import type { Session } from '../session.ts';
import { findSshPrivateKey } from '../ssh/choose-key.ts';
import { type Contract, sshTargetOf } from '../ssh/target.ts';
import { allowedCommands } from './allowed-actions.ts';

export async function describeContract(session: Session, contract: Contract): Promise<string> {
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
    ...(await loginOf(session, contract)),
  });
}

/** How to get in, ready to copy; nothing when there is no machine, or none that can be reached. */
async function loginOf(session: Session, contract: Contract) {
  const target = targetOf(contract);
  if (!target) return {};
  const identityFile = await findSshPrivateKey(session, contract.requester_ssh_pubkey);
  return {
    'Log in': `dc contract ssh ${contract.contract_id}`,
    'Without dc': plainSshLine(target, contract.contract_id, identityFile),
    'Host key': hostKeyAdvice(target),
  };
}

function targetOf(contract: Contract): SshLogin | undefined {
  try {
    return sshTargetOf(contract);
  } catch (error) {
    if (error instanceof CliError) return undefined;
    throw error;
  }
}
