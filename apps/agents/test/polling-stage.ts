import { facts } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { hex64 } from './people.ts';
import { PollingAgent } from './polling-agent.ts';
import { Stage } from './stage.ts';

/** The coordinator, and agents that ask over HTTP for what they have to do. */
export class PollingStage extends Stage {
  async onePolling() {
    const provider = hex64();
    const pool = await this.pool(provider);
    return { provider, pool, agent: await PollingAgent.join(this, provider, pool.poolId) };
  }

  /** A contract that the agent sees as pending. */
  async offered(changes: Parameters<Stage['accepted']>[1] = {}) {
    const { provider, pool, agent } = await this.onePolling();
    const accepted = this.accepted(provider, changes);
    await this.say(facts.contractAccepted, accepted);
    const pending = await agent.seesPending(accepted.contractId);
    return { provider, pool, agent, accepted, contractId: accepted.contractId, pending };
  }

  /** Two agents in one pool, and a contract that the first of them has been given. */
  async twoPolling() {
    const provider = hex64();
    const pool = await this.pool(provider);
    const agents = [
      await PollingAgent.join(this, provider, pool.poolId),
      await PollingAgent.join(this, provider, pool.poolId),
    ];
    const accepted = this.accepted(provider);
    const { contractId } = accepted;
    await this.say(facts.contractAccepted, accepted);
    const key = await eventually(async () => {
      const [machine] = await this.query<{ key: string }>(
        'select agent_public_key as key from machine where contract_id = $1',
        [contractId],
      );
      return machine?.key;
    });
    const first = agents.find(({ publicKey }) => publicKey === key) as PollingAgent;
    const second = agents.find(({ publicKey }) => publicKey !== key) as PollingAgent;
    return { provider, pool, first, second, accepted, contractId };
  }

  readonly machinesOf = (contractId: string) =>
    this.query<{ generation: number; agent: string; desired: string; state: string; outcome: string | null }>(
      `select generation, agent_public_key as agent, desired, state, outcome from machine where contract_id = $1
       order by generation`,
      [contractId],
    );

  /** The coordinator has looked at these contracts since the clock jumped. */
  readonly lookedAt = (...contractIds: string[]) =>
    eventually(async () => {
      const [due] = await this.query<{ count: number }>(
        `select count(*)::int as count from assignment where due_at_ns <= $1 and contract_id = any($2)`,
        [this.clock(), contractIds],
      );
      return due?.count === 0;
    });
}
