import { StoredJson } from '@decent-cloud/kernel';
import { z } from 'zod';

const version1 = z.object({
  external_id: z.string(),
  provisioner_type: z.string(),
  public_ip: z.string().optional(),
  ip_address: z.string().optional(),
  ipv6_address: z.string().optional(),
  ssh_port: z.int(),
  ssh_user: z.string(),
  ssh_host_key: z.string().optional(),
  additional_details: z.string().optional(),
  gateway_slug: z.string().optional(),
  gateway_subdomain: z.string().optional(),
  gateway_ssh_port: z.int().optional(),
  gateway_port_range_start: z.int().optional(),
  gateway_port_range_end: z.int().optional(),
});
export type StoredMachineDetails = z.output<typeof version1>;

/** `contract.instance_details`. Version 0 has the members of version 1. */
export const storedMachineDetails = new StoredJson<StoredMachineDetails>('how a machine is reached', [
  version1,
  version1,
]);
