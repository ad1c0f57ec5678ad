import { generateKeyPair } from '@decent-cloud/identity';
import { secondsToNs } from '@decent-cloud/kernel';
import { facts } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { hex64, Stage } from './stage.ts';

jest.setTimeout(30_000);
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => stage?.stop());

/** Every event that was published so far has been worked off. */
const settled = () =>
  eventually(async () => {
    const waiting = await stage.metric('dc_agent_events_waiting', 'state="pending"');
    const unacked = await stage.metric('dc_agent_events_waiting', 'state="unacked"');
    return waiting === 0 && unacked === 0;
  });

const stateOf = async (contractId: string) =>
  (
    await stage.query<{ state: string; generation: number }>(
      'select state, generation from assignment where contract_id = $1',
      [contractId],
    )
  )[0];

async function oneAgent(slots = 4) {
  const provider = hex64();
  const pool = await stage.pool(provider);
  return { provider, pool, agent: await stage.agent(provider, pool.poolId, slots) };
}

/** A contract whose machine runs. */
async function running() {
  const { provider, pool, agent } = await oneAgent();
  const accepted = stage.accepted(provider);
  const { contractId } = accepted;
  await stage.say(facts.contractAccepted, accepted);
  await agent.command(contractId, 'provision');
  await agent.report(agent.claimed(contractId));
  await agent.report(agent.provisioned(contractId));
  await stage.saidOnce(facts.machineProvisioned, contractId);
  return { provider, pool, agent, accepted, contractId };
}

describe('the life of a machine', () => {
  test('accepted, claimed, provisioned, ended, removed; everything twice, each effect once', async () => {
    const { provider, agent } = await oneAgent();
    const accepted = stage.accepted(provider);
    const { contractId } = accepted;
    await stage.say(facts.contractAccepted, accepted);
    await stage.say(facts.contractAccepted, accepted);

    const command = await agent.command(contractId, 'provision');
    expect(command).toMatchObject({
      agentPublicKey: agent.publicKey,
      deadlineNs: accepted.deadlineNs.toString(),
      machine: {
        contractId,
        generation: 1,
        desired: 'running',
        spec: accepted.spec,
        encryptionPublicKeys: accepted.encryptionPublicKeys,
      },
    });

    await agent.report(agent.claimed(contractId), { times: 2 });
    await agent.report(agent.claimed(contractId));
    expect(await stage.saidOnce(facts.provisioningStarted, contractId)).toMatchObject({
      generation: 1,
      agentPublicKey: agent.publicKey,
    });
    const provisioned = agent.provisioned(contractId);
    await agent.report(provisioned, { times: 2 });
    await agent.report(agent.provisioned(contractId));
    expect(await stage.saidOnce(facts.machineProvisioned, contractId)).toMatchObject({
      generation: 1,
      agentPublicKey: agent.publicKey,
      instance: { externalId: 'dc-1', sshPort: 2_222 },
      credentials: [{ envelope: '{"version":2}' }],
    });

    const ended = stage.ended(accepted);
    await stage.say(facts.contractEnded, ended);
    await stage.say(facts.contractEnded, ended);
    const terminate = await agent.command(contractId, 'terminate');
    expect(terminate.machine).toMatchObject({ generation: 1, desired: 'absent' });
    await agent.report(agent.terminated(contractId), { times: 2 });
    await agent.report(agent.terminated(contractId));
    await stage.saidOnce(facts.machineRemoved, contractId);
    await settled();

    for (const fact of [facts.provisioningStarted, facts.machineProvisioned, facts.machineRemoved]) {
      expect(stage.said(fact, contractId)).toHaveLength(1);
    }
    expect(agent.commandsFor(contractId, 'provision')).toHaveLength(1);
    expect(agent.commandsFor(contractId, 'terminate')).toHaveLength(1);
    expect((await agent.snapshot()).machines).toEqual([]);
  });

  test('provisioned before claimed: both are said, in order', async () => {
    const { provider, agent } = await oneAgent();
    const accepted = stage.accepted(provider);
    await stage.say(facts.contractAccepted, accepted);
    await agent.command(accepted.contractId, 'provision');
    await agent.report(agent.provisioned(accepted.contractId));
    await agent.report(agent.claimed(accepted.contractId));
    await settled();
    expect(await stateOf(accepted.contractId)).toMatchObject({ state: 'provisioned' });
    expect(stage.said(facts.provisioningStarted, accepted.contractId)).toHaveLength(1);
    expect(stage.said(facts.machineProvisioned, accepted.contractId)).toHaveLength(1);
  });

  test('a contract that ended before it was accepted is given to nobody', async () => {
    const { provider, agent } = await oneAgent();
    const accepted = stage.accepted(provider);
    await stage.say(facts.contractEnded, stage.ended(accepted));
    await eventually(async () => (await stateOf(accepted.contractId)) !== undefined);
    await stage.say(facts.contractAccepted, accepted);
    const next = stage.accepted(provider);
    await stage.say(facts.contractAccepted, next);
    await agent.command(next.contractId, 'provision');
    expect(agent.commandsFor(accepted.contractId, 'provision')).toEqual([]);
    expect(await stateOf(accepted.contractId)).toMatchObject({ state: 'ended' });
  });

  test('an order to remove is repeated until it is confirmed', async () => {
    const { agent, accepted, contractId } = await running();
    await stage.say(facts.contractEnded, stage.ended(accepted));
    await agent.command(contractId, 'terminate');
    stage.advance(16);
    await eventually(() => agent.commandsFor(contractId, 'terminate').length === 2);
    expect(stage.said(facts.machineRemoved, contractId)).toEqual([]);
    await agent.report(agent.terminated(contractId));
    await stage.saidOnce(facts.machineRemoved, contractId);
  });
});

describe('who gets it', () => {
  test('nobody there: it waits, and goes to the agent that comes', async () => {
    const provider = hex64();
    const pool = await stage.pool(provider);
    const accepted = stage.accepted(provider);
    await stage.say(facts.contractAccepted, accepted);
    await eventually(async () => (await stateOf(accepted.contractId))?.state === 'waiting');
    const agent = await stage.agent(provider, pool.poolId);
    await agent.command(accepted.contractId, 'provision');
  });

  test('nobody comes: NO_AGENT_AVAILABLE, once, and nobody gets it afterwards', async () => {
    const provider = hex64();
    const pool = await stage.pool(provider);
    const accepted = stage.accepted(provider);
    await stage.say(facts.contractAccepted, accepted);
    await eventually(async () => (await stateOf(accepted.contractId))?.state === 'waiting');
    stage.advance(121);
    expect(await stage.saidOnce(facts.provisioningFailed, accepted.contractId)).toMatchObject({
      reason: 'NO_AGENT_AVAILABLE',
      generation: 1,
    });
    const agent = await stage.agent(provider, pool.poolId);
    const next = stage.accepted(provider);
    await stage.say(facts.contractAccepted, next);
    await agent.command(next.contractId, 'provision');
    expect(agent.commandsFor(accepted.contractId, 'provision')).toEqual([]);
    expect(stage.said(facts.provisioningFailed, accepted.contractId)).toHaveLength(1);
  });

  test('the pool that the offering names, not the one of its country', async () => {
    const provider = hex64();
    const [europe, asia] = [await stage.pool(provider), await stage.pool(provider, 'apac')];
    const near = await stage.agent(provider, europe.poolId, 9);
    const named = await stage.agent(provider, asia.poolId, 1);
    const explicit = stage.accepted(provider, { agentPoolId: asia.poolId });
    await stage.say(facts.contractAccepted, explicit);
    await named.command(explicit.contractId, 'provision');
    const regional = stage.accepted(provider);
    await stage.say(facts.contractAccepted, regional);
    await near.command(regional.contractId, 'provision');
  });

  test('no agent of another provider, however free', async () => {
    const stranger = await oneAgent(9);
    const provider = hex64();
    const accepted = stage.accepted(provider, { agentPoolId: stranger.pool.poolId });
    await stage.say(facts.contractAccepted, accepted);
    await eventually(async () => (await stateOf(accepted.contractId))?.state === 'waiting');
    expect(stranger.agent.commands).toEqual([]);
  });

  test('no more at once than there are slots', async () => {
    const { provider, agent } = await oneAgent(1);
    const [first, second] = [stage.accepted(provider), stage.accepted(provider)];
    await stage.say(facts.contractAccepted, first);
    await agent.command(first.contractId, 'provision');
    await stage.say(facts.contractAccepted, second);
    await eventually(async () => (await stateOf(second.contractId))?.state === 'waiting');
    await agent.beat(1);
    await agent.command(second.contractId, 'provision');
  });
});

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
    await settled();
    expect(stage.said(facts.machineRemoved, contractId)).toEqual([]);
    expect(first.commandsFor(contractId, 'terminate')).toHaveLength(2);
  });

  test('what passes: the same agent again after 5 seconds, with generation 2', async () => {
    const { provider, pool, agent } = await oneAgent();
    const other = await stage.agent(provider, pool.poolId, 9);
    const accepted = stage.accepted(provider, { spec: { offeringId: 'x', sshPublicKeys: ['k'] } });
    const { contractId } = accepted;
    await stage.say(facts.contractAccepted, accepted);
    await other.command(contractId, 'provision');
    await other.report(other.claimed(contractId));
    await other.report(other.failed(contractId, 1, 'transient'));
    await other.command(contractId, 'terminate', 1);
    expect(await stateOf(contractId)).toMatchObject({ state: 'waiting', generation: 1 });
    stage.advance(6);
    await other.command(contractId, 'provision', 2);
    expect(agent.commandsFor(contractId, 'provision')).toEqual([]);
  });

  test('no room: another agent at once', async () => {
    const { provider, pool, agent } = await oneAgent(1);
    const full = await stage.agent(provider, pool.poolId, 9);
    const accepted = stage.accepted(provider);
    await stage.say(facts.contractAccepted, accepted);
    await full.command(accepted.contractId, 'provision');
    await full.report(full.failed(accepted.contractId, 1, 'capacity'));
    await agent.command(accepted.contractId, 'provision', 2);
  });

  test.each(['config', 'permanent'])('%s: PROVISIONING_FAILED with what the agent says', async (failure) => {
    const { provider, agent } = await oneAgent();
    const accepted = stage.accepted(provider);
    const { contractId } = accepted;
    await stage.say(facts.contractAccepted, accepted);
    await agent.command(contractId, 'provision');
    await agent.report(agent.claimed(contractId));
    await agent.report(agent.failed(contractId, 1, failure), { times: 2 });
    expect(await stage.saidOnce(facts.provisioningFailed, contractId)).toMatchObject({
      reason: 'PROVISIONING_FAILED',
      message: 'it did not work',
      agentPublicKey: agent.publicKey,
    });
    await agent.command(contractId, 'terminate', 1);
    await agent.report(agent.terminated(contractId));
    await settled();
    await stage.say(facts.contractEnded, stage.ended(accepted));
    await stage.saidOnce(facts.machineRemoved, contractId);
    expect(stage.said(facts.provisioningFailed, contractId)).toHaveLength(1);
  });

  test('the deadline passes at work: PROVISIONING_TIMEOUT, and the machine is to go', async () => {
    const { provider, agent } = await oneAgent();
    const accepted = stage.accepted(provider, { deadlineNs: stage.clock() + secondsToNs(60) });
    const { contractId } = accepted;
    await stage.say(facts.contractAccepted, accepted);
    await agent.command(contractId, 'provision');
    await agent.report(agent.claimed(contractId));
    await stage.saidOnce(facts.provisioningStarted, contractId);
    stage.advance(61);
    expect(await stage.saidOnce(facts.provisioningFailed, contractId)).toMatchObject({
      reason: 'PROVISIONING_TIMEOUT',
    });
    await agent.command(contractId, 'terminate', 1);
  });

  test('silent at work: another agent takes over; alone it keeps its contract', async () => {
    const { provider, pool, agent } = await oneAgent();
    const accepted = stage.accepted(provider);
    const { contractId } = accepted;
    await stage.say(facts.contractAccepted, accepted);
    await agent.command(contractId, 'provision');
    await agent.report(agent.claimed(contractId));
    await stage.saidOnce(facts.provisioningStarted, contractId);
    stage.advance(90);
    await settled();
    expect(await stateOf(contractId)).toMatchObject({ state: 'claimed', generation: 1 });
    const other = await stage.agent(provider, pool.poolId);
    stage.advance(16);
    await other.command(contractId, 'provision', 2);
    await agent.command(contractId, 'terminate', 1);
  });
});

describe('what agents report', () => {
  test('a machine that vanished is reported as lost, ended by nobody, and found again', async () => {
    const { agent, contractId } = await running();
    stage.advance(31);
    await agent.report(agent.observed([]), { times: 2 });
    await stage.saidOnce(facts.machineLost, contractId);
    expect(await stage.metric('dc_machine_drift', 'kind="lost"')).toBe(1);
    await agent.report(agent.observed([{ externalId: 'dc-1', contractId, generation: 1, power: 'running' }]));
    await eventually(async () => (await stage.metric('dc_machine_drift', 'kind="lost"')) === 0);
    expect(stage.said(facts.machineLost, contractId)).toHaveLength(1);
    expect(agent.commandsFor(contractId, 'terminate')).toEqual([]);
  });

  test('a machine that should be gone is ordered away again; not listed, it counts as gone', async () => {
    const { agent, accepted, contractId } = await running();
    const machine = { externalId: 'dc-1', contractId, generation: 1, power: 'stopped' };
    await stage.say(facts.contractEnded, stage.ended(accepted));
    await agent.command(contractId, 'terminate');
    stage.advance(12);
    await agent.report(agent.observed([machine]));
    await eventually(() => agent.commandsFor(contractId, 'terminate').length >= 2);
    stage.advance(31);
    await agent.report(agent.observed([]));
    await stage.saidOnce(facts.machineRemoved, contractId);
    const before = agent.commandsFor(contractId, 'terminate').length;
    await agent.report(agent.observed([machine]));
    await eventually(() => agent.commandsFor(contractId, 'terminate').length > before, {
      what: 'an order for a machine that came back',
    });
    await agent.report(agent.terminated(contractId));
    await settled();
    expect(stage.said(facts.machineRemoved, contractId)).toHaveLength(1);
  });

  test('what nobody ordered is counted and left alone', async () => {
    const { agent } = await oneAgent();
    const before = await stage.metric('dc_machine_drift', 'kind="unknown"');
    await agent.report(
      agent.observed([
        { externalId: 'own', power: 'running' },
        { externalId: 'x', contractId: hex64(), generation: 1, power: 'running' },
      ]),
    );
    await eventually(async () => (await stage.metric('dc_machine_drift', 'kind="unknown"')) === before + 2);
    expect(agent.commands).toEqual([]);
  });

  test('the snapshot is what is desired, and its version rises with every change', async () => {
    const { agent, accepted, contractId } = await running();
    const before = await agent.snapshot();
    expect(before.machines).toEqual([
      {
        contractId,
        generation: 1,
        desired: 'running',
        deadlineNs: accepted.deadlineNs.toString(),
        spec: accepted.spec,
        encryptionPublicKeys: accepted.encryptionPublicKeys,
      },
    ]);
    expect((await agent.snapshot()).version).toBe(before.version);
    await stage.say(facts.contractEnded, stage.ended(accepted));
    await agent.command(contractId, 'terminate');
    const after = await agent.snapshot();
    expect(after.machines).toMatchObject([{ contractId, generation: 1, desired: 'absent' }]);
    expect(BigInt(after.version)).toBeGreaterThan(BigInt(before.version));
  });
});

describe('what is not believed', () => {
  const deadLetters = async () => {
    const manager = await jetstreamManager(stage.service.bus.connection);
    return (await manager.streams.info('DEAD_LETTERS')).state.messages;
  };

  test('forged, unsigned, malformed and foreign events do nothing and are dead-lettered with a reason', async () => {
    const { provider, pool, agent } = await oneAgent();
    const other = await stage.agent(provider, pool.poolId, 1);
    const accepted = stage.accepted(provider);
    const { contractId } = accepted;
    await stage.say(facts.contractAccepted, accepted);
    await agent.command(contractId, 'provision');
    const before = await deadLetters();
    const foreign = await stage.metric('dc_agent_messages_disbelieved_total', 'reason="foreign-machine"');

    await agent.report(agent.claimed(contractId), { key: generateKeyPair() });
    await agent.publish('claimed', JSON.stringify({ ...agent.claimed(contractId), sig: '0'.repeat(128) }));
    await agent.publish('claimed', '{"v":1}');
    await agent.publish('claimed', 'not json');
    await other.report(other.claimed(contractId));
    await other.report(other.terminated(contractId));
    await agent.report(agent.claimed(contractId, 2));
    await other.report(agent.claimed(contractId), { key: agent.key });
    await settled();

    await eventually(async () => (await deadLetters()) === before + 8);
    expect(await stateOf(contractId)).toMatchObject({ state: 'offered', generation: 1 });
    expect(stage.said(facts.provisioningStarted, contractId)).toEqual([]);
    for (const [reason, count] of [
      ['forged', 2],
      ['malformed', 2],
      ['foreign-account', 1],
    ] as const) {
      expect(await stage.metric('dc_agent_messages_disbelieved_total', `reason="${reason}"`)).toBe(count);
    }
    expect(await stage.metric('dc_agent_messages_disbelieved_total', 'reason="foreign-machine"')).toBe(
      foreign + 3,
    );
    await agent.report(agent.claimed(contractId));
    await stage.saidOnce(facts.provisioningStarted, contractId);
  });

  test('a heartbeat of yesterday, or of another agent, makes nobody healthy', async () => {
    const { agent } = await oneAgent();
    const stale = await stage.metric('dc_agent_messages_disbelieved_total', 'reason="stale"');
    const [before] = await stage.query<{ at: bigint }>(
      'select last_heartbeat_ns as at from agent where agent_public_key = $1',
      [agent.publicKey],
    );
    stage.advance(-86_400);
    const old = agent.heartbeat(9);
    stage.advance(86_400);
    agent.publishHeartbeat(old);
    agent.publishHeartbeat({ ...agent.heartbeat(9), agentPublicKey: hex64() });
    await eventually(
      async () => (await stage.metric('dc_agent_messages_disbelieved_total', 'reason="stale"')) === stale + 1,
    );
    const [after] = await stage.query<{ at: bigint }>(
      'select last_heartbeat_ns as at from agent where agent_public_key = $1',
      [agent.publicKey],
    );
    expect(after).toEqual(before);
  });
});
