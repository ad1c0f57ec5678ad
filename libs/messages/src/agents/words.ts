import type { Reason } from '@decent-cloud/kernel';

/* The words of agents and their machines that travel, each list once. */

/** How a machine that is to run stands: `lost` is one that has been `missing` for so long that it will not come back. */
export const MACHINE_AVAILABILITIES = ['up', 'stopped', 'missing', 'lost'] as const;
export type MachineAvailability = (typeof MACHINE_AVAILABILITIES)[number];

/** Why a contract gets no machine. */
export const PROVISIONING_FAILURES = [
  'NO_AGENT_AVAILABLE',
  'PROVISIONING_FAILED',
  'PROVISIONING_TIMEOUT',
] as const satisfies readonly Reason[];
export type ProvisioningFailure = (typeof PROVISIONING_FAILURES)[number];

/**
 * Two processes with the key of one agent. `refused`: the other one was turned away; `taken-over`: it took the place of one
 * that had fallen silent; `polls-beside`: it polls and was turned away; `two-poll`: both poll, and nobody can be turned away.
 */
export const DOUBLED_AGENTS = ['refused', 'taken-over', 'polls-beside', 'two-poll'] as const;
export type DoubledAgent = (typeof DOUBLED_AGENTS)[number];
