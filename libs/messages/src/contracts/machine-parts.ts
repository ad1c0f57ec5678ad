import { z } from 'zod';
import { int32 } from '../wire/schema.ts';
import { MACHINE_ACTIONS } from '../words/contracts.ts';

/** What a machine must be. Sizes come from the offering as it was when rented. */
export const machineSpec = z.object({
  offeringId: z.string(),
  cpuCores: int32(1).optional(),
  memoryMb: int32(1).optional(),
  storageGb: int32(1).optional(),
  operatingSystem: z.string().optional(),
  sshPublicKeys: z.array(z.string()).min(1).max(20),
  provisionerType: z.string().optional(),
  provisionerConfig: z.string().optional(),
  postProvisionScript: z.string().optional(),
});

export const machineActionKind = z.enum(MACHINE_ACTIONS);
