import type { Answer } from '@decent-cloud/messages';
import { resolveDelegation } from '@decent-cloud/messages/requests';
import type { Bus } from '@decent-cloud/runtime';
import { LRUCache } from 'lru-cache';

export type Delegation = Answer<typeof resolveDelegation>;

/** No fact tells of a revoked delegation, so it may go on for so long. */
const KEPT_MS = 2_000;

/** For whom does this agent act? Live delegations are remembered for two seconds. */
export class Delegations {
  private readonly known = new LRUCache<string, Delegation>({ max: 20_000, ttl: KEPT_MS });

  constructor(private readonly bus: Bus) {}

  /**
   * `namedProvider` is the provider in the path of what the agent has signed.
   * @throws Refusal UNAVAILABLE when the agents service does not answer and the agent is not known
   */
  async of(
    agentPublicKey: string,
    namedProvider: string | undefined,
    requestId: string,
  ): Promise<Delegation> {
    const known = this.known.get(agentPublicKey);
    if (known) return known;
    const body = { agentPublicKey, ...(namedProvider !== undefined && { namedProvider }) };
    const delegation = await this.bus.ask(resolveDelegation, { body }, { requestId });
    if (delegation.active) this.known.set(agentPublicKey, delegation);
    return delegation;
  }

  forgetAll(): void {
    this.known.clear();
  }
}
