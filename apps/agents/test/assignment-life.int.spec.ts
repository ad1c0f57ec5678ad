import { facts } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { hex64 } from './people.ts';
import { Stage } from './stage.ts';

const stage = Stage.forFile();

describe('the life of a machine', () => {
  test('accepted, claimed, provisioned, ended, removed; everything twice, each effect once', async () => {
    const { provider, agent } = await stage.oneAgent();
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

    expect(await stage.saidOnce(facts.machineAssigned, contractId)).toMatchObject({
      generation: 1,
      agentPublicKey: agent.publicKey,
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
    await stage.settled();

    for (const fact of [
      facts.machineAssigned,
      facts.provisioningStarted,
      facts.machineProvisioned,
      facts.machineRemoved,
    ]) {
      expect(stage.said(fact, contractId)).toHaveLength(1);
    }
    expect(agent.commandsFor(contractId, 'provision')).toHaveLength(1);
    expect(agent.commandsFor(contractId, 'terminate')).toHaveLength(1);
    expect((await agent.snapshot()).machines).toEqual([]);
  });

  test('provisioned before claimed: both are said, in order', async () => {
    const { provider, agent } = await stage.oneAgent();
    const accepted = stage.accepted(provider);
    await stage.say(facts.contractAccepted, accepted);
    await agent.command(accepted.contractId, 'provision');
    await agent.report(agent.provisioned(accepted.contractId));
    await agent.report(agent.claimed(accepted.contractId));
    await stage.settled();
    expect(await stage.stateOf(accepted.contractId)).toMatchObject({ state: 'provisioned' });
    expect(stage.said(facts.provisioningStarted, accepted.contractId)).toHaveLength(1);
    expect(stage.said(facts.machineProvisioned, accepted.contractId)).toHaveLength(1);
  });

  test('a contract that ended before it was accepted is given to nobody', async () => {
    const { provider, agent } = await stage.oneAgent();
    const accepted = stage.accepted(provider);
    await stage.say(facts.contractEnded, stage.ended(accepted));
    await eventually(async () => (await stage.stateOf(accepted.contractId)) !== undefined);
    await stage.say(facts.contractAccepted, accepted);
    const next = stage.accepted(provider);
    await stage.say(facts.contractAccepted, next);
    await agent.command(next.contractId, 'provision');
    expect(agent.commandsFor(accepted.contractId, 'provision')).toEqual([]);
    expect(await stage.stateOf(accepted.contractId)).toMatchObject({ state: 'ended' });
  });

  test('a command to remove is repeated until it is confirmed', async () => {
    const { agent, accepted, contractId } = await stage.running();
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
    await eventually(async () => (await stage.stateOf(accepted.contractId))?.state === 'waiting');
    const agent = await stage.agent(provider, pool.poolId);
    await agent.command(accepted.contractId, 'provision');
  });

  test('as long as no agent of the provider has room it is passed over, and not forgotten', async () => {
    const full = await stage.oneAgent(0);
    const passedOver = stage.accepted(full.provider);
    const free = await stage.oneAgent();
    const emptyPool = await stage.pool(free.provider, 'apac');
    const lookedAt = stage.accepted(free.provider, { agentPoolId: emptyPool.poolId });
    await stage.say(facts.contractAccepted, passedOver);
    await stage.say(facts.contractAccepted, lookedAt);
    const touchedAtNs = async ({ contractId }: { contractId: string }) => {
      const text = 'select updated_at_ns as at from assignment where contract_id = $1';
      return (await stage.query<{ at: bigint }>(text, [contractId]))[0]?.at ?? 0n;
    };
    await eventually(async () => (await touchedAtNs(passedOver)) > 0n && (await touchedAtNs(lookedAt)) > 0n);
    const beforeNs = await touchedAtNs(passedOver);
    for (let sweep = 0; sweep < 3; sweep++) {
      const lastNs = await touchedAtNs(lookedAt);
      await eventually(async () => (await touchedAtNs(lookedAt)) > lastNs);
    }
    expect(await touchedAtNs(passedOver)).toBe(beforeNs);
    await full.agent.beat(1);
    await full.agent.command(passedOver.contractId, 'provision');
  });

  test('nobody comes: NO_AGENT_AVAILABLE, once, and nobody gets it afterwards', async () => {
    const provider = hex64();
    const pool = await stage.pool(provider);
    const accepted = stage.accepted(provider);
    await stage.say(facts.contractAccepted, accepted);
    await eventually(async () => (await stage.stateOf(accepted.contractId))?.state === 'waiting');
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
    expect(stage.said(facts.machineAssigned, accepted.contractId)).toEqual([]);
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
    const stranger = await stage.oneAgent(9);
    const provider = hex64();
    const accepted = stage.accepted(provider, { agentPoolId: stranger.pool.poolId });
    await stage.say(facts.contractAccepted, accepted);
    await eventually(async () => (await stage.stateOf(accepted.contractId))?.state === 'waiting');
    expect(stranger.agent.commands).toEqual([]);
  });

  test('no more at once than there are slots', async () => {
    const { provider, agent } = await stage.oneAgent(1);
    const [first, second] = [stage.accepted(provider), stage.accepted(provider)];
    await stage.say(facts.contractAccepted, first);
    await agent.command(first.contractId, 'provision');
    await stage.say(facts.contractAccepted, second);
    await eventually(async () => (await stage.stateOf(second.contractId))?.state === 'waiting');
    await agent.beat(1);
    await agent.command(second.contractId, 'provision');
  });
});
