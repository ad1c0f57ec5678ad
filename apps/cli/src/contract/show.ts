import { parseExactJson } from '@decent-cloud/kernel';
import type { contract as contractSchema } from '@decent-cloud/messages/contracts';
import type { z } from 'zod';
import { amount, fields, table, time } from '../print.ts';

export type Contract = z.output<typeof contractSchema>;

/** Where the machine of a contract answers. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** `ssh-ed25519 AAAA…` as the agent saw it. */
  readonly hostKey?: string;
}

interface InstanceDetails {
  readonly public_ip?: string;
  readonly ip_address?: string;
  readonly ssh_port?: number;
  readonly ssh_user?: string;
  readonly ssh_host_key?: string;
}

/** Nothing until the machine is there. */
export function addressOf(contract: Contract): Address | undefined {
  if (contract.provisioning_instance_details === undefined) return undefined;
  const details = parseExactJson(contract.provisioning_instance_details) as InstanceDetails;
  const gateway = contract.gateway_subdomain !== undefined && contract.gateway_ssh_port !== undefined;
  const host = gateway ? contract.gateway_subdomain : (details.public_ip ?? details.ip_address);
  if (!host) return undefined;
  return {
    host,
    port: (gateway ? contract.gateway_ssh_port : details.ssh_port) ?? 22,
    user: details.ssh_user ?? 'root',
    ...(details.ssh_host_key !== undefined && { hostKey: details.ssh_host_key }),
  };
}

export function contractTable(contracts: readonly Contract[]): string {
  const rows = contracts.map((one) => [
    one.contract_id.slice(0, 16),
    one.offering_name ?? one.offering_id,
    one.status,
    one.payment_status,
    amount(one.payment_amount_e9s, one.currency),
    one.duration_hours,
    time(one.created_at_ns),
  ]);
  return `${table(['Contract', 'Offering', 'Status', 'Payment', 'Price', 'Hours', 'Created'], rows)}\nTotal: ${contracts.length}`;
}

export function contractFields(contract: Contract): string {
  const address = addressOf(contract);
  return fields({
    Contract: contract.contract_id,
    Offering: contract.offering_name ?? contract.offering_id,
    Status: contract.status,
    Reason: contract.provisioning_failure_reason,
    Payment: `${contract.payment_status} (${contract.payment_method})`,
    Price: amount(contract.payment_amount_e9s, contract.currency),
    Refund:
      contract.refund_amount_e9s === undefined
        ? undefined
        : amount(contract.refund_amount_e9s, contract.currency),
    Ready: time(contract.provisioning_completed_at_ns),
    Ends: time(contract.end_timestamp_ns),
    SSH: address && `ssh -p ${address.port} ${address.user}@${address.host}`,
  });
}
