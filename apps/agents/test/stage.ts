import { randomBytes } from 'node:crypto';
import { secondsToNs } from '@decent-cloud/kernel';
import { type FactInput, facts } from '@decent-cloud/messages';
import { createPool, createSetupToken, setUpAgent } from '@decent-cloud/messages/agents';
import { hex64, user } from './people.ts';
import { RunningCoordinator } from './running-coordinator.ts';
import { ScriptedAgent } from './scripted-agent.ts';

/** The coordinator, and those who have to do with it: providers, their pools and agents, contracts. */
export class Stage extends RunningCoordinator {
  private readonly agents: ScriptedAgent[] = [];

  protected override async stop(): Promise<void> {
    for (const agent of this.agents) await agent.leave();
    await super.stop();
  }

  async pool(
    provider: string,
    location: 'europe' | 'apac' = 'europe',
    provisionerType: 'docker' | 'proxmox' = 'docker',
  ) {
    const body = { name: `pool ${location}`, location, provisionerType };
    return this.ask(createPool, { params: { pubkey: provider }, body }, user(provider));
  }

  async token(provider: string, poolId: string): Promise<string> {
    const params = { pubkey: provider, pool_id: poolId };
    return (await this.ask(createSetupToken, { params, body: { label: 'node' } }, user(provider))).token;
  }

  /** An agent that has joined the pool and is at work: connected, heard, with free slots. */
  async agent(provider: string, poolId: string, slots = 4): Promise<ScriptedAgent> {
    const agent = new ScriptedAgent(this, provider);
    this.agents.push(agent);
    const token = await this.token(provider, poolId);
    await this.ask(setUpAgent, { body: { token, agentPubkey: agent.publicKey } }, user(agent.publicKey));
    await agent.openSession();
    await agent.connect();
    await agent.beat(slots);
    return agent;
  }

  accepted(provider: string, changes: Partial<FactInput<typeof facts.contractAccepted>> = {}) {
    const now = this.clock();
    return {
      contractId: hex64(),
      version: 2,
      requesterPublicKey: hex64(),
      requesterAccountId: randomBytes(16).toString('hex'),
      providerPublicKey: provider,
      datacenterCountry: 'DE',
      durationHours: 1,
      spec: { offeringId: 'small', cpuCores: 1, memoryMb: 1_024, sshPublicKeys: ['ssh-ed25519 AAAA'] },
      encryptionPublicKeys: [hex64()],
      deadlineNs: now + secondsToNs(3_600),
      atNs: now,
      ...changes,
    };
  }

  ended(accepted: ReturnType<Stage['accepted']>) {
    return {
      contractId: accepted.contractId,
      version: 5,
      status: 'cancelled' as const,
      requesterPublicKey: accepted.requesterPublicKey,
      requesterAccountId: accepted.requesterAccountId,
      providerPublicKey: accepted.providerPublicKey,
      holdId: '0190a5b0-7c1d-7e3a-8f00-000000000001',
      offeringDbId: 1n,
      paymentMethod: 'wallet' as const,
      paidE9s: 0n,
      refundE9s: 0n,
      earnedE9s: 0n,
      currency: 'USD',
      atNs: this.clock(),
    };
  }

  /** A provider with a pool and an agent at work in it. */
  async oneAgent(slots = 4) {
    const provider = hex64();
    const pool = await this.pool(provider);
    return { provider, pool, agent: await this.agent(provider, pool.poolId, slots) };
  }

  /** A contract whose machine the agent has begun to make. */
  async claimed(changes: Parameters<Stage['accepted']>[1] = {}) {
    const { provider, pool, agent } = await this.oneAgent();
    const accepted = this.accepted(provider, changes);
    const { contractId } = accepted;
    await this.say(facts.contractAccepted, accepted);
    await agent.command(contractId, 'provision');
    await agent.report(agent.claimed(contractId));
    return { provider, pool, agent, accepted, contractId };
  }

  /** A contract whose machine runs. */
  async running() {
    const claimed = await this.claimed();
    const { agent, contractId } = claimed;
    await agent.report(agent.provisioned(contractId));
    await this.saidOnce(facts.machineProvisioned, contractId);
    return claimed;
  }
}
