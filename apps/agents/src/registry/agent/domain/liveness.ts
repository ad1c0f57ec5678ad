import { secondsToNs } from '@decent-cloud/kernel';

/** What everybody sees as online. */
export const ONLINE_SECONDS = 300;
/** Only agents that beat as recently as this get new work. */
export const HEALTHY_SECONDS = 45;
export const HEARTBEAT_SECONDS = 15;

export const isOnline = (lastHeartbeatNs: bigint | null, now: bigint): boolean =>
  lastHeartbeatNs !== null && now - lastHeartbeatNs < secondsToNs(ONLINE_SECONDS);
export const isHealthy = (lastHeartbeatNs: bigint | null, now: bigint): boolean =>
  lastHeartbeatNs !== null && now - lastHeartbeatNs < secondsToNs(HEALTHY_SECONDS);

/** Neither revoked nor expired. */
export const isActive = (
  agent: { readonly revokedAtNs: bigint | null; readonly expiresAtNs: bigint | null },
  now: bigint,
): boolean => agent.revokedAtNs === null && (agent.expiresAtNs === null || agent.expiresAtNs > now);
