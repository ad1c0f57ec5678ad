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

/** What makes machines: a backend of the agent, or (`proxmox_api`) of resold clouds. */
export const PROVISIONER_TYPES = [
  'docker',
  'proxmox',
  'hetzner',
  'digitalocean',
  'vultr',
  'script',
  'manual',
  'local',
  'proxmox_api',
] as const;
export type ProvisionerType = (typeof PROVISIONER_TYPES)[number];

/** What a delegation lets an agent do. */
export const AGENT_PERMISSIONS = [
  'provision',
  'health_check',
  'heartbeat',
  'fetch_contracts',
  'dns_manage',
] as const;
export type AgentPermission = (typeof AGENT_PERMISSIONS)[number];

/** What a gateway of a data centre can do to a name. */
export const DNS_ACTIONS = ['create', 'delete'] as const;
export type DnsAction = (typeof DNS_ACTIONS)[number];

/** Another process with the key of an agent, as its provider sees it. */
export const RIVAL_KINDS = ['session', 'polling', 'two-polling'] as const;
export type RivalKind = (typeof RIVAL_KINDS)[number];

/** What the coordinator wants of a machine. */
export const DESIRED_STATES = ['running', 'stopped', 'absent'] as const;
export type DesiredState = (typeof DESIRED_STATES)[number];

/** What an agent sees of a machine. */
export const POWER_STATES = ['running', 'stopped', 'unknown'] as const;
export type PowerState = (typeof POWER_STATES)[number];

/** How well a machine is, as its agent sees it. */
export const HEALTH_STATUSES = ['healthy', 'unhealthy', 'unknown'] as const;
export type HealthStatus = (typeof HEALTH_STATUSES)[number];

/** Commands about machines; what is to be done inside of one is a `MachineActionKind`. */
export const MACHINE_COMMANDS = ['provision', 'terminate', 'resync'] as const;
export type MachineCommand = (typeof MACHINE_COMMANDS)[number];

/** Why an agent that polls is to terminate a machine. */
export const TERMINATE_REASONS = ['expired', 'cancelled'] as const;
export type TerminateReason = (typeof TERMINATE_REASONS)[number];

/** What events of agents tell. */
export const AGENT_EVENTS = [
  'claimed',
  'progress',
  'provisioned',
  'failed',
  'terminated',
  'operation-done',
  'operation-failed',
  'script-done',
  'observed',
] as const;
export type AgentEventKind = (typeof AGENT_EVENTS)[number];

/**
 * What is to be thought of a failure: it passes (`transient`), there is no room here (`capacity`), this agent can never do it
 * (`config`), or nobody can (`permanent`).
 */
export const FAILURE_CLASSES = ['transient', 'capacity', 'config', 'permanent'] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** Why a machine could not be made, changed or removed, as agent and coordinator say it to programs. */
export const FAILURE_CODES = [
  // the command
  'deadline',
  'NO_SPEC',
  'NO_KEY',
  'SSH_KEY_UNUSABLE',
  'BAD_PROVISIONER_CONFIG',
  'UNSUPPORTED',
  'SUPERSEDED',
  'FOREIGN_MACHINE',
  'NO_SUCH_MACHINE',
  'NOT_RUNNING',
  'CONTRACT_ENDED',
  'NO_ANSWER',
  // the host
  'NO_FREE_SLOT',
  'NO_FREE_PORT',
  'NO_PORT',
  'PORT_TAKEN',
  'NO_ADDRESSES',
  'ADDRESS_NOT_HERE',
  'ADDRESS_INVALID',
  'DISK_FULL',
  'DISK_LIMIT_UNSUPPORTED',
  'TOO_MANY_CPUS',
  'TOO_MUCH_MEMORY',
  'NETWORK_ABSENT',
  'IMAGE_ABSENT',
  'NAME_TAKEN',
  'NAME_RESERVED',
  // what makes machines
  'ENGINE_UNREACHABLE',
  'ENGINE_SILENT',
  'ENGINE_REFUSED',
  'ENGINE_FAULT',
  'BACKEND_FAULT',
  'BAD_PARAMETER',
  'CONFLICT',
  'NOT_FOUND',
  'STILL_THERE',
  'PROVISIONING_FAILED',
  // inside of the machine
  'SSH_DID_NOT_START',
  'SSH_NOT_READY',
  'LATE',
  'COMMAND_FAILED',
  'BAD_PASSWORD',
  'ENCRYPTION_FAILED',
] as const;
export type FailureCode = (typeof FAILURE_CODES)[number];
