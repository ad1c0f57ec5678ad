import { StoredJson } from '@decent-cloud/kernel';
import { z } from 'zod';

const int64 = () => z.union([z.bigint(), z.int()]).transform((value) => BigInt(value));

const version1 = z.object({
  offeringDbId: int64(),
  offeringId: z.string(),
  offerName: z.string(),
  providerPublicKey: z.string(),
  currency: z.string(),
  monthlyPriceE9s: int64(),
  autoAccept: z.boolean(),
  agentPoolId: z.string().optional(),
  datacenterCountry: z.string(),
  cpuCores: z.int().optional(),
  memoryMb: z.int().optional(),
  storageGb: z.int().optional(),
  operatingSystems: z.string().optional(),
  provisionerType: z.string().optional(),
  provisionerConfig: z.string().optional(),
  postProvisionScript: z.string().optional(),
});
export type StoredTerms = z.output<typeof version1>;

/** `stock_hold.terms`. Version 0 has the members of version 1. */
export const storedTerms = new StoredJson<StoredTerms>('the terms of a hold', [version1, version1]);
