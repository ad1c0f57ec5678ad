import { secondsToNs } from '@decent-cloud/kernel';
import { isOnline } from '../../../registry/agent/domain/liveness.ts';

/*
 * Agents that poll look every 30 seconds, beat every 60, do one thing after the other and say nothing meanwhile. They
 * do not say how many machines they can take either.
 */

/** Machines that such an agent has to make at one time. */
export const POLLING_SLOTS = 4;
export const POLLING_HEARTBEAT_SECONDS = 60;
export const POLLING_CLAIM_SECONDS = 120;
export const LEASE_SECONDS = 300;
/** Two beats missed, and some more. */
const SILENT_SECONDS = 150;

export interface PollingAgent {
  readonly lastHeartbeatNs: bigint | null;
  /** It has taken another contract in hand, and says nothing until that machine is there. */
  readonly isMaking: boolean;
}

/** With nobody else to ask, an offer stands while the agent is alive or busy. */
export const keepsOffer = ({ lastHeartbeatNs, isMaking }: PollingAgent, now: bigint): boolean =>
  isMaking || isOnline(lastHeartbeatNs, now);

export const hasLease = ({ leaseExpiresAtNs }: { leaseExpiresAtNs: bigint | null }, now: bigint): boolean =>
  leaseExpiresAtNs !== null && leaseExpiresAtNs > now;

/** Whoever lets its lease end and is not heard either may lose its contract to another agent. */
export const isGivenUp = (
  machine: { leaseExpiresAtNs: bigint | null },
  lastHeartbeatNs: bigint | null,
  now: bigint,
): boolean => !hasLease(machine, now) && now - (lastHeartbeatNs ?? 0n) >= secondsToNs(SILENT_SECONDS);
