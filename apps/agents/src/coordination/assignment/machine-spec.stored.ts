import { StoredJson } from '@decent-cloud/kernel';
import { z } from 'zod';

const version1 = z.object({
  offeringId: z.string(),
  cpuCores: z.int().optional(),
  memoryMb: z.int().optional(),
  storageGb: z.int().optional(),
  operatingSystem: z.string().optional(),
  sshPublicKeys: z.array(z.string()),
  provisionerType: z.string().optional(),
  provisionerConfig: z.string().optional(),
  postProvisionScript: z.string().optional(),
});
export type StoredSpec = z.output<typeof version1>;

/** `assignment.spec`. Version 0 has the members of version 1. */
export const storedSpec = new StoredJson<StoredSpec>('the specification of a machine', [version1, version1]);
