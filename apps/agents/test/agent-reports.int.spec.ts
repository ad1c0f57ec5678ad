import { generateKeyPair } from '@decent-cloud/identity';
import { facts } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { hex64 } from './people.ts';
import { Stage } from './stage.ts';

const stage = Stage.forFile();

describe('what agents report', () => {
  const standings = (contractId: string) =>
    stage
      .said(facts.machineAvailabilityChanged, contractId)
      .map(({ version, availability }) => `${version} ${availability}`);

  test('a machine that vanished is told at the second look, is lost after ten minutes, and found again', async () => {
    const { agent, contractId } = await stage.running();
    const machine = { externalId: 'dc-1', contractId, generation: 1, power: 'running' };
    stage.advance(31);
    await agent.report(agent.observed([]), { times: 2 });
    await stage.settled();
    expect(standings(contractId)).toEqual([]);
    expect(await stage.metric('dc_machine_drift', 'kind="lost"')).toBe(1);
    stage.advance(15);
    await agent.report(agent.observed([]));
    await eventually(() => standings(contractId).length === 1);
    const [missing] = stage.said(facts.machineAvailabilityChanged, contractId);
    expect(missing).toMatchObject({ availability: 'missing', version: 1, downNs: 0n });
    stage.advance(600);
    await agent.report(agent.observed([]));
    await eventually(() => standings(contractId).length === 2);
    stage.advance(5);
    await agent.report(agent.observed([machine]));
    await eventually(() => standings(contractId).length === 3);
    expect(standings(contractId)).toEqual(['1 missing', '2 lost', '3 up']);
    const [, lost, up] = stage.said(facts.machineAvailabilityChanged, contractId);
    expect(lost?.sinceNs).toBe(missing?.sinceNs);
    expect(up?.downNs).toBe((up?.sinceNs ?? 0n) - (missing?.sinceNs ?? 0n));
    expect(up?.isAnother).toBeUndefined();
    expect(agent.commandsFor(contractId, 'terminate')).toEqual([]);
  });

  test('what is switched off is down until it runs again; an older report does not count', async () => {
    const { agent, contractId } = await stage.running();
    const machine = { externalId: 'dc-1', contractId, generation: 1 };
    stage.advance(31);
    await agent.report(agent.observed([{ ...machine, power: 'stopped' }]));
    await eventually(() => standings(contractId).length === 1);
    const before = agent.observed([{ ...machine, power: 'stopped' }]);
    stage.advance(7);
    await agent.report(agent.observed([{ ...machine, power: 'running' }]));
    await eventually(() => standings(contractId).length === 2);
    await agent.report(before);
    await stage.settled();
    expect(standings(contractId)).toEqual(['1 stopped', '2 up']);
  });

  test('a lost machine that is wanted again is made once more, elsewhere if it can be; the old one is to go', async () => {
    const { agent, contractId, accepted } = await stage.running();
    const again = (generation: number) => ({
      contractId,
      version: 9,
      generation,
      deadlineNs: stage.clock() + 3_600_000_000_000n,
      atNs: stage.clock(),
    });
    // It is there: nobody makes a second one.
    await stage.say(facts.machineWantedAgain, again(1));
    await stage.settled();
    expect(await stage.stateOf(contractId)).toMatchObject({ state: 'provisioned', generation: 1 });
    stage.advance(31);
    await agent.report(agent.observed([]));
    await stage.settled();
    stage.advance(601);
    await agent.report(agent.observed([]));
    await eventually(() => standings(contractId).at(-1) === '1 lost');
    agent.publishHeartbeat(agent.heartbeat(1));
    await stage.settled();
    await stage.say(facts.machineWantedAgain, again(1));
    await agent.command(contractId, 'terminate');
    await eventually(() => agent.commandsFor(contractId, 'provision').length >= 2);
    const order = agent.commandsFor(contractId, 'provision').at(-1);
    // Its tenant finds it where it was, if the agent can do that.
    const wanted = { generation: 2, desired: 'running', spec: accepted.spec, sshPort: 2_222 };
    expect(order?.machine).toMatchObject(wanted);
    const { machines } = await agent.snapshot();
    expect(machines).toContainEqual(expect.objectContaining(wanted));
    await agent.report(agent.provisioned(contractId, 2));
    await eventually(() => standings(contractId).at(-1) === '2 up');
    const made = stage.said(facts.machineProvisioned, contractId);
    expect(made.map(({ generation }) => generation)).toEqual([1, 2]);
    const up = stage.said(facts.machineAvailabilityChanged, contractId).at(-1);
    expect(up).toMatchObject({ generation: 2, isAnother: true, atNs: made[1]?.atNs });
  });

  test('an agent that has forgotten its machine makes another one: what is told is how that one is reached', async () => {
    const { agent, contractId } = await stage.running();
    await agent.report(agent.provisioned(contractId, 1));
    await stage.settled();
    expect(stage.said(facts.machineProvisioned, contractId)).toHaveLength(1);
    await agent.report(agent.provisioned(contractId, 1, { sshPort: 2_299 }));
    await eventually(() => stage.said(facts.machineProvisioned, contractId).length === 2);
    expect(stage.said(facts.machineProvisioned, contractId)[1]?.instance.sshPort).toBe(2_299);
    const { machines } = await agent.snapshot();
    expect(machines).toMatchObject([{ contractId, sshPort: 2_299 }]);
  });

  test('a machine that should be gone is ordered away again; not listed, it counts as gone', async () => {
    const { agent, accepted, contractId } = await stage.running();
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
      what: 'a command for a machine that came back',
    });
    await agent.report(agent.terminated(contractId));
    await stage.settled();
    expect(stage.said(facts.machineRemoved, contractId)).toHaveLength(1);
  });

  test('what nobody ordered is counted and left alone', async () => {
    const { agent } = await stage.oneAgent();
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
    const { agent, accepted, contractId } = await stage.running();
    const before = await agent.snapshot();
    expect(before.machines).toEqual([
      {
        contractId,
        generation: 1,
        desired: 'running',
        deadlineNs: accepted.deadlineNs.toString(),
        spec: accepted.spec,
        encryptionPublicKeys: accepted.encryptionPublicKeys,
        sshPort: 2_222,
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
    const { provider, pool, agent } = await stage.oneAgent();
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
    await stage.settled();

    await eventually(async () => (await deadLetters()) === before + 8);
    expect(await stage.stateOf(contractId)).toMatchObject({ state: 'offered', generation: 1 });
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
    const { agent } = await stage.oneAgent();
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
