import type { Answer } from '@decent-cloud/messages';
import { resolveDelegation } from '@decent-cloud/messages/requests';
import { type Bus, Directory } from '@decent-cloud/runtime';

export type Delegation = Answer<typeof resolveDelegation>;

const NONE: Delegation = { active: false, permissions: [] };

/** For whom does this agent act? Live delegations are remembered for two seconds. */
export class Delegations {
  /** By agent and provider that it names: which one it names decides whose invitation it takes. */
  private readonly delegations: Directory<string, Delegation>;

  constructor(bus: Bus) {
    this.delegations = new Directory({
      name: 'delegations',
      ask: async ([key = ''], timeoutMs) => {
        const [agentPublicKey = '', namedProvider] = key.split(' ');
        const body = { agentPublicKey, ...(namedProvider !== undefined && { namedProvider }) };
        const delegation = await bus.ask(resolveDelegation, { body }, { timeoutMs });
        return new Map(delegation.active ? [[key, delegation]] : []);
      },
      keysAtOnce: 1,
      timeoutMs: 5_000,
      mostKept: 20_000,
      // No fact tells of a revoked delegation, so it may go on for so long.
      keptMs: 2_000,
      unknownKeptMs: 0,
      whenSilent: 'throw',
    });
  }

  /**
   * `namedProvider` is the provider in the path of what the agent has signed.
   * @throws Refusal UNAVAILABLE when the agents service does not answer and the agent is not known
   */
  async of(agentPublicKey: string, namedProvider: string | undefined): Promise<Delegation> {
    const key = namedProvider === undefined ? agentPublicKey : `${agentPublicKey} ${namedProvider}`;
    return (await this.delegations.find(key)) ?? NONE;
  }

  forgetAll(): void {
    this.delegations.forgetAll();
  }
}
