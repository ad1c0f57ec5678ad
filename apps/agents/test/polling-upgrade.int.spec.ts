import { facts } from '@decent-cloud/messages';
import { openAgentSession } from '@decent-cloud/messages/agents';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { PollingAgent, plainDetails } from './polling-agent.ts';
import { PollingStage } from './polling-stage.ts';
import { ScriptedAgent } from './scripted-agent.ts';

jest.setTimeout(60_000);
const stage = PollingStage.forFile();
const details = plainDetails({ root_password: null });

describe('an agent that is connected from now on', () => {
  /** The same agent, as its next version. */
  async function upgrade(agent: PollingAgent): Promise<ScriptedAgent> {
    const upgraded = new ScriptedAgent(stage, agent.provider, agent.key);
    await upgraded.openSession();
    await upgraded.connect();
    return upgraded;
  }

  test('gets what it had not begun, does not make again what it made, is told to remove it', async () => {
    const { provider, agent } = await stage.onePolling();
    const [made, fresh, inHand] = [
      stage.accepted(provider),
      stage.accepted(provider),
      stage.accepted(provider),
    ];
    for (const accepted of [made, fresh, inHand]) {
      await stage.say(facts.contractAccepted, accepted);
      await agent.seesPending(accepted.contractId);
    }
    await agent.lock(made.contractId);
    await agent.report(made.contractId, 'provisioned', details);
    await agent.unlock(made.contractId);
    await agent.lock(inHand.contractId);

    const upgraded = await upgrade(agent);
    const listed = async () => (await upgraded.snapshot()).machines.map(({ contractId }) => contractId);
    expect(await listed()).toEqual([fresh.contractId]);
    await upgraded.report(upgraded.observed([]));
    await stage.settled();
    stage.advance(40);
    await upgraded.report(upgraded.observed([]));
    await stage.settled();
    expect(stage.said(facts.machineAvailabilityChanged, made.contractId)).toEqual([]);

    await upgraded.report(upgraded.provisioned(fresh.contractId));
    await stage.saidOnce(facts.machineProvisioned, fresh.contractId);

    // What the old version had in hand: the new one begins it when the lease has ended.
    expect(upgraded.commandsFor(inHand.contractId, 'provision')).toEqual([]);
    stage.advance(270);
    await upgraded.command(inHand.contractId, 'provision');
    await upgraded.report(upgraded.provisioned(inHand.contractId));
    await stage.saidOnce(facts.machineProvisioned, inHand.contractId);

    await stage.say(facts.contractEnded, stage.ended(made));
    await upgraded.command(made.contractId, 'terminate');
    await upgraded.report(upgraded.observed([]));
    await stage.settled();
    expect(stage.said(facts.machineRemoved, made.contractId)).toEqual([]);
    await upgraded.report(upgraded.terminated(made.contractId));
    await stage.saidOnce(facts.machineRemoved, made.contractId);
    for (const { contractId } of [made, fresh, inHand]) {
      expect(stage.said(facts.machineProvisioned, contractId)).toHaveLength(1);
      expect(stage.said(facts.provisioningFailed, contractId)).toEqual([]);
      expect(await stage.machinesOf(contractId)).toHaveLength(1);
    }
  });

  test('what it had in hand is not given to another one before the lease ends, then it is', async () => {
    const { first, second, contractId } = await stage.twoPolling();
    await first.lock(contractId);
    await upgrade(first);
    stage.advance(200);
    await second.beat();
    await stage.lookedAt(contractId);
    expect(await stage.machinesOf(contractId)).toHaveLength(1);
    stage.advance(110);
    await second.beat();
    await second.seesPending(contractId);
    expect(await stage.machinesOf(contractId)).toMatchObject([{ outcome: 'silent' }, { generation: 2 }]);
  });

  test('and back again: it is given work over HTTP only, which no command repeats later', async () => {
    const { provider, agent } = await stage.onePolling();
    const upgraded = await upgrade(agent);
    await agent.beat();
    const accepted = stage.accepted(provider);
    const { contractId } = accepted;
    await stage.say(facts.contractAccepted, accepted);
    await agent.seesPending(contractId);
    await agent.report(contractId, 'provisioned', details);
    await stage.say(facts.contractEnded, stage.ended(accepted));
    await eventually(async () => (await agent.reconcile(contractId)).terminate.length === 1);
    await agent.terminated(contractId);
    await stage.saidOnce(facts.machineRemoved, contractId);
    await stage.ask(openAgentSession, { body: {} }, upgraded.caller);
    const next = stage.accepted(provider);
    await upgraded.beat(4);
    await stage.say(facts.contractAccepted, next);
    await upgraded.command(next.contractId, 'provision');
    expect(upgraded.commandsFor(contractId, 'provision')).toEqual([]);
    expect(upgraded.commandsFor(contractId, 'terminate')).toEqual([]);
  });
});
