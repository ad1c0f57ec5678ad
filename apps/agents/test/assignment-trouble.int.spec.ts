import { secondsToNs } from '@decent-cloud/kernel';
import { facts } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { hex64 } from './people.ts';
import { Stage } from './stage.ts';

const stage = Stage.forFile();

describe('when it does not work', () => {
  test('no claim in time: the next agent gets generation 2, the first is told to remove generation 1', async () => {
    const provider = hex64();
    const pool = await stage.pool(provider);
    const first = await stage.agent(provider, pool.poolId, 9);
    const second = await stage.agent(provider, pool.poolId, 1);
    const accepted = stage.accepted(provider);
    const { contractId } = accepted;
    await stage.say(facts.contractAccepted, accepted);
    await first.command(contractId, 'provision');
    stage.advance(31);
    await second.beat(1);
    await second.command(contractId, 'provision', 2);
    await first.command(contractId, 'terminate', 1);
    await eventually(() => stage.said(facts.machineAssigned, contractId).length === 2);
    expect(stage.said(facts.machineAssigned, contractId)).toMatchObject([
      { generation: 1, agentPublicKey: first.publicKey },
      { generation: 2, agentPublicKey: second.publicKey },
    ]);

    await first.report(first.provisioned(contractId, 1), { times: 2 });
    await eventually(() => first.commandsFor(contractId, 'terminate').length === 2);
    expect(stage.said(facts.machineProvisioned, contractId)).toEqual([]);

    await second.report(second.claimed(contractId, 2));
    await second.report(second.provisioned(contractId, 2));
    expect(await stage.saidOnce(facts.machineProvisioned, contractId)).toMatchObject({
      generation: 2,
      agentPublicKey: second.publicKey,
    });
    await first.report(first.terminated(contractId, 1));
    await stage.settled();
    expect(stage.said(facts.machineRemoved, contractId)).toEqual([]);
    expect(first.commandsFor(contractId, 'terminate')).toHaveLength(2);
  });

  test('what passes: the same agent again after 5 seconds, with generation 2', async () => {
    const { provider, pool, agent } = await stage.oneAgent();
    const other = await stage.agent(provider, pool.poolId, 9);
    const accepted = stage.accepted(provider, { spec: { offeringId: 'x', sshPublicKeys: ['k'] } });
    const { contractId } = accepted;
    await stage.say(facts.contractAccepted, accepted);
    await other.command(contractId, 'provision');
    await other.report(other.claimed(contractId));
    await other.report(other.failed(contractId, 1, 'transient'));
    await other.command(contractId, 'terminate', 1);
    expect(await stage.stateOf(contractId)).toMatchObject({ state: 'waiting', generation: 1 });
    stage.advance(6);
    await other.command(contractId, 'provision', 2);
    expect(agent.commandsFor(contractId, 'provision')).toEqual([]);
  });

  test('no room: another agent at once', async () => {
    const { provider, pool, agent } = await stage.oneAgent(1);
    const full = await stage.agent(provider, pool.poolId, 9);
    const accepted = stage.accepted(provider);
    await stage.say(facts.contractAccepted, accepted);
    await full.command(accepted.contractId, 'provision');
    await full.report(full.failed(accepted.contractId, 1, 'capacity'));
    await agent.command(accepted.contractId, 'provision', 2);
  });

  test('what an agent can never make: another one is asked; when that cannot either, it has failed at once', async () => {
    const { provider, pool, agent } = await stage.oneAgent(1);
    const roomier = await stage.agent(provider, pool.poolId, 9);
    const accepted = stage.accepted(provider);
    const { contractId } = accepted;
    await stage.say(facts.contractAccepted, accepted);
    await roomier.command(contractId, 'provision');
    await roomier.report(roomier.failed(contractId, 1, 'config'));
    await agent.command(contractId, 'provision', 2);
    expect(stage.said(facts.provisioningFailed, contractId)).toEqual([]);
    await agent.report(agent.failed(contractId, 2, 'config'));
    expect(await stage.saidOnce(facts.provisioningFailed, contractId)).toMatchObject({
      reason: 'PROVISIONING_FAILED',
      message: 'it did not work',
      agentPublicKey: agent.publicKey,
    });
    expect(roomier.commandsFor(contractId, 'provision')).toHaveLength(1);
  });

  test('agents tried and failed, and none is left: PROVISIONING_FAILED, not a word of nobody', async () => {
    const { agent, contractId } = await stage.claimed({ deadlineNs: stage.clock() + secondsToNs(60) });
    await agent.report(agent.failed(contractId, 1, 'transient'));
    await agent.command(contractId, 'terminate', 1);
    stage.advance(61);
    expect(await stage.saidOnce(facts.provisioningFailed, contractId)).toMatchObject({
      reason: 'PROVISIONING_FAILED',
      message: 'making the machine has failed once, and no agent of the provider can try it again',
    });
  });

  test.each(['config', 'permanent'])('%s: PROVISIONING_FAILED with what the agent says', async (failure) => {
    const { agent, accepted, contractId } = await stage.claimed();
    await agent.report(agent.failed(contractId, 1, failure), { times: 2 });
    expect(await stage.saidOnce(facts.provisioningFailed, contractId)).toMatchObject({
      reason: 'PROVISIONING_FAILED',
      message: 'it did not work',
      agentPublicKey: agent.publicKey,
    });
    await agent.command(contractId, 'terminate', 1);
    await agent.report(agent.terminated(contractId));
    await stage.settled();
    await stage.say(facts.contractEnded, stage.ended(accepted));
    await stage.saidOnce(facts.machineRemoved, contractId);
    expect(stage.said(facts.provisioningFailed, contractId)).toHaveLength(1);
  });

  test('the deadline passes at work: PROVISIONING_TIMEOUT, and the machine is to go', async () => {
    const { agent, contractId } = await stage.claimed({ deadlineNs: stage.clock() + secondsToNs(60) });
    await stage.saidOnce(facts.provisioningStarted, contractId);
    stage.advance(61);
    expect(await stage.saidOnce(facts.provisioningFailed, contractId)).toMatchObject({
      reason: 'PROVISIONING_TIMEOUT',
    });
    await agent.command(contractId, 'terminate', 1);
  });

  test('silent at work: another agent takes over; alone it keeps its contract', async () => {
    const { provider, pool, agent, contractId } = await stage.claimed();
    await stage.saidOnce(facts.provisioningStarted, contractId);
    stage.advance(90);
    await stage.settled();
    expect(await stage.stateOf(contractId)).toMatchObject({ state: 'claimed', generation: 1 });
    const other = await stage.agent(provider, pool.poolId);
    stage.advance(16);
    await other.command(contractId, 'provision', 2);
    await agent.command(contractId, 'terminate', 1);
  });
});
