import type { AgentRow } from './delegation.store.ts';
import { isActive, isOnline } from './domain/liveness.ts';

/** An agent as its provider sees it. */
export const showDelegation = (agent: AgentRow, now: bigint) => ({
  agentPubkey: agent.agentPublicKey,
  providerPubkey: agent.providerPublicKey,
  permissions: agent.permissions,
  expiresAtNs: agent.expiresAtNs,
  label: agent.label,
  createdAtNs: agent.createdAtNs,
  active: isActive(agent, now),
  poolId: agent.poolId,
  online: isActive(agent, now) && isOnline(agent.lastHeartbeatNs, now),
  version: agent.version,
  lastHeartbeatNs: agent.lastHeartbeatNs,
});
