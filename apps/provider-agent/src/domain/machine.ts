import type { DesiredMachine } from '@decent-cloud/messages/agent-protocol';
import type { machineInstance, machineSpec } from '@decent-cloud/messages/facts';
import type { z } from 'zod';

export type MachineSpec = z.output<typeof machineSpec>;
export type MachineInstance = z.output<typeof machineInstance>;
export type { DesiredMachine };

const DNS_LABEL_ID_DIGITS = 32;

/** Fits a DNS label, which the whole contract id does not. */
export function machineName(contractId: string, generation: number): string {
  const short = contractId.replaceAll(/[^A-Za-z0-9-]/g, '-').slice(0, DNS_LABEL_ID_DIGITS);
  return `dc-${short}-g${generation}`;
}
