/** Why a message of an agent is not believed. */
export type Disbelief = 'malformed' | 'unknown-agent' | 'foreign-account' | 'revoked' | 'forged';

export interface KnownAgent {
  readonly accountPublicKey: string | null;
  readonly isActive: boolean;
}

/** The first reason not to believe what came over this account in the name of this agent; undefined: believe it. */
export function whyDisbelieved(
  agent: KnownAgent | undefined,
  account: string,
  isSigned: () => boolean,
): Exclude<Disbelief, 'malformed'> | undefined {
  if (!agent) return 'unknown-agent';
  if (agent.accountPublicKey !== account) return 'foreign-account';
  if (!agent.isActive) return 'revoked';
  return isSigned() ? undefined : 'forged';
}

/** An agent may speak only of the attempts that were given to it. */
export const isItsOwn = (
  machine: { readonly agentPublicKey: string } | undefined,
  agentPublicKey: string,
): boolean => machine?.agentPublicKey === agentPublicKey;
