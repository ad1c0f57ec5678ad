import type { DesiredMachine } from '@decent-cloud/messages/agents/protocol';
import type { machineInstance, machineSpec } from '@decent-cloud/messages/facts';
import type { PowerState } from '@decent-cloud/messages/words';
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

/** What every machine carries, so that it can be found again and is never taken for somebody else's. */
export interface MachineMarks {
  readonly contractId: string;
  readonly generation: number;
  readonly environment: string;
  /** First 16 hex digits of the agent's key. */
  readonly agent: string;
}

export interface FoundMachine {
  readonly externalId: string;
  /** Absent: nothing says whose it is. */
  readonly marks?: MachineMarks;
  readonly power: PowerState;
  /** Only remains, which cannot be put into service: why they are still there. */
  readonly left?: string;
  /** Why the backend does not touch it, whatever an operator asks for. */
  readonly whyLeftAlone?: string;
}
