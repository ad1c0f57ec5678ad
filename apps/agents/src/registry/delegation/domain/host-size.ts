import { z } from 'zod';

const count = z.coerce.number().int().min(1).max(2_147_483_647);
const said = z.object({ cpuCores: count, cpuThreads: count.optional(), memoryTotalMb: count });

export interface HostSize {
  readonly cpuCores: number;
  readonly memoryTotalMb: number;
}

/** What the host has, as its agent measures it; a thread counts as a core. Undefined when the agent does not say it. */
export function hostSizeIn(resources: unknown): HostSize | undefined {
  const { data } = said.safeParse(resources);
  if (!data) return undefined;
  const { cpuCores, cpuThreads = 0, memoryTotalMb } = data;
  return { cpuCores: Math.max(cpuCores, cpuThreads), memoryTotalMb };
}
