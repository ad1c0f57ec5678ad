import { StoredJson } from '@decent-cloud/kernel';
import { z } from 'zod';

const version1 = z.object({
  externalId: z.string(),
  provisionerType: z.string(),
  publicIp: z.string().optional(),
  ipAddress: z.string().optional(),
  ipv6Address: z.string().optional(),
  sshPort: z.int(),
  sshUser: z.string(),
  sshHostKey: z.string().optional(),
  additionalDetails: z.string().optional(),
  gatewaySlug: z.string().optional(),
  gatewaySubdomain: z.string().optional(),
  gatewaySshPort: z.int().optional(),
  gatewayPortRangeStart: z.int().optional(),
  gatewayPortRangeEnd: z.int().optional(),
});
export type StoredInstance = z.output<typeof version1>;

/** `machine.instance`. Version 0 has the members of version 1. */
export const storedInstance = new StoredJson<StoredInstance>('how a machine is reached', [
  version1,
  version1,
]);
