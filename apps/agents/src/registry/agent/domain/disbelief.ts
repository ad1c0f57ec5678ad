/** Why a message of an agent is not believed. */
export type Disbelief =
  | 'malformed'
  | 'unknown-agent'
  | 'foreign-account'
  | 'revoked'
  | 'forged'
  /** Of a process that is not the one that acts as the agent. */
  | 'other-instance';

export interface KnownAgent {
  readonly accountPublicKey: string | null;
  readonly isActive: boolean;
  /** The process that acts as the agent; null: none that names itself. */
  readonly instanceId: string | null;
}

/** The first reason not to believe what came over this account in the name of this agent; undefined: believe it. */
export function whyDisbelieved(
  agent: Pick<KnownAgent, 'accountPublicKey' | 'isActive'> | undefined,
  account: string,
  isSigned: () => boolean,
): Exclude<Disbelief, 'malformed' | 'other-instance'> | undefined {
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
