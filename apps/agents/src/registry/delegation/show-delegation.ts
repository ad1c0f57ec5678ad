import type { AgentRow } from '../agent/agent.store.ts';
import { isActive, isOnline } from '../agent/domain/liveness.ts';
import type { ShownInstance } from '../instance/instance.store.ts';
import { hostSizeIn } from './domain/host-size.ts';

/** An agent as its provider sees it. */
export const showDelegation = (agent: AgentRow, shown: ShownInstance | undefined, now: bigint) => ({
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
  hostSize: hostSizeIn(agent.resources),
  instance:
    shown?.instanceId && shown.host !== null && shown.beganAtNs !== null
      ? { instanceId: shown.instanceId, host: shown.host, beganAtNs: shown.beganAtNs }
      : undefined,
  rival:
    shown?.rivalKind && shown.rivalSinceNs !== null && shown.rivalSeenNs !== null
      ? {
          kind: shown.rivalKind,
          host: shown.rivalHost,
          sinceNs: shown.rivalSinceNs,
          seenNs: shown.rivalSeenNs,
        }
      : undefined,
});
