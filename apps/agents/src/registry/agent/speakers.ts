import { Refusal } from '@decent-cloud/kernel';
import type { Caller } from '@decent-cloud/messages';
import type { AgentPermission } from '@decent-cloud/messages/words';
import { requireAgent, requireUser } from '@decent-cloud/runtime';

export type PollingAgent = ReturnType<typeof requireAgent>;
/** An agent, or its provider in person. */
export type Speaker = PollingAgent | ReturnType<typeof requireUser>;

/** The polling agent. @throws Refusal when it lacks the permission or acts for another provider than `pubkey` */
export function requirePolling(caller: Caller, permission: AgentPermission, pubkey?: string): PollingAgent {
  const agent = requireAgent(caller);
  if (!agent.permissions.includes(permission)) {
    throw new Refusal('FORBIDDEN', 'PERMISSION_MISSING', `Agent does not have '${permission}' permission`);
  }
  if (pubkey !== undefined && pubkey !== agent.providerPublicKey) {
    throw new Refusal('FORBIDDEN', 'NOT_OWNER', 'Agent is not delegated by this provider');
  }
  return agent;
}

export const requireSpeaker = (caller: Caller, permission: AgentPermission): Speaker =>
  caller.kind === 'agent' ? requirePolling(caller, permission) : requireUser(caller);

/** For lists below a provider's path: its agent, or the provider. @throws Refusal for anybody else */
export function requireSpeakerOf(caller: Caller, permission: AgentPermission, pubkey: string): Speaker {
  if (caller.kind === 'agent') return requirePolling(caller, permission, pubkey);
  const user = requireUser(caller);
  if (user.publicKey === pubkey) return user;
  throw new Refusal('FORBIDDEN', 'NOT_OWNER', 'Only the provider and its agents may see this');
}
