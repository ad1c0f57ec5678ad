import { secondsToNs } from '@decent-cloud/kernel';
import { type Caller, facts } from '@decent-cloud/messages';
import { openAgentSession } from '@decent-cloud/messages/agents';
import * as polling from '@decent-cloud/messages/agents/polling';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { PollingAgent, plainDetails } from './polling-agent.ts';
import { ScriptedAgent } from './scripted-agent.ts';
import { hex64, Stage, user } from './stage.ts';

jest.setTimeout(60_000);
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => stage?.stop());

const details = plainDetails({ root_password: null });

/** Two agents in one pool, and a contract that the first of them has been given. */
async function twoPolling() {
  const provider = hex64();
  const pool = await stage.pool(provider);
  const agents = [
    await PollingAgent.join(stage, provider, pool.poolId),
    await PollingAgent.join(stage, provider, pool.poolId),
  ];
  const accepted = stage.accepted(provider);
  const { contractId } = accepted;
  await stage.say(facts.contractAccepted, accepted);
  const key = await eventually(async () => {
    const [machine] = await stage.query<{ key: string }>(
      'select agent_public_key as key from machine where contract_id = $1',
      [contractId],
    );
    return machine?.key;
  });
  const first = agents.find(({ publicKey }) => publicKey === key) as PollingAgent;
  const second = agents.find(({ publicKey }) => publicKey !== key) as PollingAgent;
  return { provider, pool, first, second, accepted, contractId };
}

const machinesOf = (contractId: string) =>
  stage.query<{ generation: number; agent: string; desired: string; state: string; outcome: string | null }>(
    `select generation, agent_public_key as agent, desired, state, outcome from machine where contract_id = $1
     order by generation`,
    [contractId],
  );

/** The coordinator has looked at these contracts since the clock jumped. */
const lookedAt = (...contractIds: string[]) =>
  eventually(async () => {
    const [due] = await stage.query<{ count: number }>(
      `select count(*)::int as count from assignment where due_at_ns <= $1 and contract_id = any($2)`,
      [stage.clock(), contractIds],
    );
    return due?.count === 0;
  });

describe('who has the contract', () => {
  test('held by another: a success that says so; the other cannot report either', async () => {
    const { first, second, contractId } = await twoPolling();
    const locked = await first.lock(contractId);
    expect(await second.pending()).toEqual([]);
    expect(await second.lock(contractId)).toEqual({
      success: true,
      data: { acquired: false, expiresAtNs: locked.data.expiresAtNs },
      error: 'Contract already locked by another agent',
    });
    for (const status of ['provisioning', 'provisioned', 'provisioning_failed']) {
      await expect(second.report(contractId, status, details)).rejects.toMatchObject({
        code: 'CONFLICT',
        reason: 'TRANSITION_NOT_ALLOWED',
      });
    }
    await expect(second.unlock(contractId)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(second.terminated(contractId)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await machinesOf(contractId)).toEqual([
      { generation: 1, agent: first.publicKey, desired: 'running', state: 'claimed', outcome: null },
    ]);
  });

  test('given back: the same agent sees it as pending again, the other one does not', async () => {
    const { first, second, contractId } = await twoPolling();
    await first.lock(contractId);
    expect(await first.pending()).toEqual([]);
    await first.unlock(contractId);
    expect(await first.pending()).toHaveLength(1);
    expect(await second.pending()).toEqual([]);
  });

  test('not taken in two minutes: the other agent gets generation 2, the first one nothing', async () => {
    const { first, second, contractId } = await twoPolling();
    stage.advance(115);
    await second.beat();
    await first.beat();
    await lookedAt(contractId);
    expect(await first.pending()).toHaveLength(1);
    stage.advance(6);
    await second.seesPending(contractId);
    expect(await first.pending()).toEqual([]);
    expect((await first.lock(contractId)).data.acquired).toBe(false);
    expect(await machinesOf(contractId)).toMatchObject([
      { generation: 1, agent: first.publicKey, desired: 'absent', outcome: 'unclaimed' },
      { generation: 2, agent: second.publicKey, desired: 'running', state: 'offered' },
    ]);
  });

  test('dead with the lease: after its end the other agent gets it, and what the dead one made is to go', async () => {
    const { first, second, accepted, contractId } = await twoPolling();
    await first.lock(contractId);
    stage.advance(295);
    await second.beat();
    stage.advance(4);
    await second.beat();
    await lookedAt(contractId);
    expect(await machinesOf(contractId)).toHaveLength(1);
    stage.advance(20);
    await second.beat();
    await second.seesPending(contractId);
    expect(await machinesOf(contractId)).toMatchObject([
      { generation: 1, desired: 'absent', outcome: 'silent' },
      { generation: 2, agent: second.publicKey, desired: 'running' },
    ]);

    // It is back, and has made the machine.
    await expect(first.report(contractId, 'provisioned', details)).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    expect(stage.said(facts.machineProvisioned, contractId)).toEqual([]);
    // What it shows may be the machine that the other one is making.
    expect((await first.reconcile(contractId)).keep).toHaveLength(1);
    await second.lock(contractId);
    await second.report(
      contractId,
      'provisioned',
      plainDetails({ external_id: 'vm-7', root_password: null }),
    );
    expect(await stage.saidOnce(facts.machineProvisioned, contractId)).toMatchObject({
      generation: 2,
      agentPublicKey: second.publicKey,
      instance: { externalId: 'vm-7' },
    });
    expect((await first.reconcile(contractId)).terminate).toHaveLength(1);
    await first.terminated(contractId);
    expect(await machinesOf(contractId)).toMatchObject([{ state: 'gone' }, { state: 'provisioned' }]);
    expect(stage.said(facts.machineRemoved, contractId)).toEqual([]);
    await stage.say(facts.contractEnded, stage.ended(accepted));
    await eventually(async () => (await second.reconcile(contractId)).terminate.length === 1);
    await second.terminated(contractId);
    expect(await stage.saidOnce(facts.machineRemoved, contractId)).toMatchObject({ generation: 2 });
  });

  test('a lease that is lengthened is no end; silence alone, and an end alone, neither', async () => {
    const { first, second, contractId } = await twoPolling();
    await first.lock(contractId);
    stage.advance(250);
    await first.report(contractId, 'provisioning');
    await second.beat();
    stage.advance(200);
    await second.beat();
    await lookedAt(contractId);
    expect(await machinesOf(contractId)).toHaveLength(1);
    stage.advance(90);
    await first.beat();
    await second.beat();
    stage.advance(60);
    await second.beat();
    await lookedAt(contractId);
    expect(await first.pending()).toHaveLength(1);
    expect(await machinesOf(contractId)).toHaveLength(1);
    await first.report(contractId, 'provisioned', details);
    expect(await stage.saidOnce(facts.machineProvisioned, contractId)).toMatchObject({ generation: 1 });
  });

  test('alone it keeps its contract, and what waits behind it, however long a machine takes', async () => {
    const provider = hex64();
    const pool = await stage.pool(provider);
    const agent = await PollingAgent.join(stage, provider, pool.poolId);
    const [first, second] = [stage.accepted(provider), stage.accepted(provider)];
    for (const accepted of [first, second]) {
      await stage.say(facts.contractAccepted, accepted);
      await agent.seesPending(accepted.contractId);
    }
    await agent.lock(first.contractId);
    for (let minutes = 0; minutes < 20; minutes += 4) {
      stage.advance(240);
      await lookedAt(first.contractId, second.contractId);
    }
    for (const { contractId } of [first, second]) {
      await agent.report(contractId, 'provisioned', details);
      expect(await stage.saidOnce(facts.machineProvisioned, contractId)).toMatchObject({ generation: 1 });
    }
  });

  test('not past the deadline', async () => {
    const provider = hex64();
    const pool = await stage.pool(provider);
    const agent = await PollingAgent.join(stage, provider, pool.poolId);
    const accepted = stage.accepted(provider, { deadlineNs: stage.clock() + secondsToNs(200) });
    const { contractId } = accepted;
    await stage.say(facts.contractAccepted, accepted);
    await agent.seesPending(contractId);
    await agent.lock(contractId);
    stage.advance(201);
    expect(await stage.saidOnce(facts.provisioningFailed, contractId)).toMatchObject({
      reason: 'PROVISIONING_TIMEOUT',
    });
    await expect(agent.report(contractId, 'provisioned', details)).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    expect((await agent.reconcile(contractId)).terminate).toHaveLength(1);
  });
});

describe('who may say what', () => {
  test('the provider in person speaks for its agent; nobody else does', async () => {
    const { provider, contractId, first } = await twoPolling();
    const says = (caller: Caller, status = 'provisioning') =>
      first.report(contractId, status, details, caller);
    await expect(says(user(hex64()))).rejects.toMatchObject({ reason: 'CONTRACT_NOT_FOUND' });
    await expect(says({ kind: 'anonymous' })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await says(user(provider));
    await says(user(provider), 'provisioned');
    expect(await stage.saidOnce(facts.machineProvisioned, contractId)).toMatchObject({
      agentPublicKey: first.publicKey,
    });
  });

  test('an agent of another provider: not by path, not by contract', async () => {
    const { provider, contractId } = await twoPolling();
    const stranger = await twoPolling();
    const caller = stranger.first.caller();
    const params = { pubkey: provider };
    const ofContract = { pubkey: provider, contract_id: contractId };
    const foreignPath = { code: 'FORBIDDEN', message: 'Agent is not delegated by this provider' };
    const asks = [
      () => stage.ask(polling.sendHeartbeat, { params, body: { activeContracts: 0 } }, caller),
      () => stage.ask(polling.listPendingProvision, { params }, caller),
      () => stage.ask(polling.reconcileMachines, { params, body: { runningInstances: [] } }, caller),
      () => stage.ask(polling.lockContract, { params: ofContract }, caller),
      () => stage.ask(polling.unlockContract, { params: ofContract }, caller),
      () => stage.ask(polling.reportTerminated, { params: ofContract }, caller),
    ];
    for (const ask of asks) await expect(ask()).rejects.toMatchObject(foreignPath);
    const agent = stranger.first;
    for (const ask of [
      () => agent.lock(contractId),
      () => agent.unlock(contractId),
      () => agent.terminated(contractId),
      () => agent.report(contractId, 'provisioned', details),
      () => agent.health(contractId),
    ]) {
      await expect(ask()).rejects.toMatchObject({ reason: 'CONTRACT_NOT_FOUND' });
    }
    expect((await agent.reconcile(contractId)).unknown).toEqual([
      { externalId: 'vm-100', message: `No contract found with ID: ${contractId}` },
    ]);
    expect(await machinesOf(contractId)).toMatchObject([{ state: 'offered' }]);
  });

  test('without the permission for it', async () => {
    const { first: agent, provider, contractId } = await twoPolling();
    const without = (permission: string) =>
      agent.caller(
        (['provision', 'health_check', 'heartbeat', 'fetch_contracts'] as const).filter(
          (one) => one !== permission,
        ),
      );
    const params = { pubkey: provider };
    const ofContract = { pubkey: provider, contract_id: contractId };
    const body = { runningInstances: [] };
    const asks: [string, (caller: Caller) => Promise<unknown>][] = [
      ['heartbeat', (it) => stage.ask(polling.sendHeartbeat, { params, body: { activeContracts: 0 } }, it)],
      ['fetch_contracts', (it) => stage.ask(polling.listPendingProvision, { params }, it)],
      ['fetch_contracts', (it) => stage.ask(polling.reconcileMachines, { params, body }, it)],
      ['provision', (it) => agent.lock(contractId, it)],
      ['provision', (it) => stage.ask(polling.unlockContract, { params: ofContract }, it)],
      ['provision', (it) => stage.ask(polling.reportTerminated, { params: ofContract }, it)],
      ['provision', (it) => agent.report(contractId, 'provisioning', '', it)],
      ['health_check', (it) => agent.health(contractId, {}, it)],
    ];
    for (const [permission, ask] of asks) {
      await expect(ask(without(permission))).rejects.toMatchObject({
        reason: 'PERMISSION_MISSING',
        message: `Agent does not have '${permission}' permission`,
      });
      await expect(ask(user(hex64()))).rejects.toMatchObject({ name: 'Refusal' });
    }
    expect(await machinesOf(contractId)).toMatchObject([{ state: 'offered' }]);
  });

  test('an agent without a pool is told to register again', async () => {
    const { first: agent, provider } = await twoPolling();
    const { poolId: _, ...caller } = agent.caller() as Extract<Caller, { kind: 'agent' }>;
    const ask = stage.ask(polling.listPendingProvision, { params: { pubkey: provider } }, caller);
    await expect(ask).rejects.toMatchObject({
      message: 'Agent must belong to a pool. Re-register using a setup token.',
    });
  });

  test.each([
    ['a status that there is not', 'active', details, /must be one of/],
    ['no details', 'provisioned', undefined, /^Instance details are required/],
    ['blank details', 'provisioned', ' ', /^Instance details are required/],
    ['details that are no JSON', 'provisioned', 'root:hunter2', /no JSON$/],
    ['details without an id', 'provisioned', '{"root_password":"hunter2"}', /external_id$/],
    ['details too long', 'provisioned', 'x'.repeat(70_000), /too long/],
  ])('a report with %s is refused and changes nothing', async (_what, status, text, message) => {
    const { first: agent, contractId } = await twoPolling();
    const refused = await agent.report(contractId, status, text).catch((error: Error) => error);
    expect(refused).toMatchObject({ code: 'INVALID', message: expect.stringMatching(message) });
    expect(String(refused)).not.toContain('hunter2');
    expect(await machinesOf(contractId)).toMatchObject([{ state: 'offered' }]);
  });
});

describe('an agent that is connected from now on', () => {
  /** The same agent, as its next version. */
  async function upgrade(agent: PollingAgent): Promise<ScriptedAgent> {
    const upgraded = new ScriptedAgent(stage, agent.provider, agent.key);
    await upgraded.openSession();
    await upgraded.connect();
    return upgraded;
  }

  test('gets what it had not begun, does not make again what it made, is told to remove it', async () => {
    const provider = hex64();
    const pool = await stage.pool(provider);
    const agent = await PollingAgent.join(stage, provider, pool.poolId);
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
      expect(await machinesOf(contractId)).toHaveLength(1);
    }
  });

  test('what it had in hand is not given to another one before the lease ends, then it is', async () => {
    const { first, second, contractId } = await twoPolling();
    await first.lock(contractId);
    await upgrade(first);
    stage.advance(200);
    await second.beat();
    await lookedAt(contractId);
    expect(await machinesOf(contractId)).toHaveLength(1);
    stage.advance(110);
    await second.beat();
    await second.seesPending(contractId);
    expect(await machinesOf(contractId)).toMatchObject([{ outcome: 'silent' }, { generation: 2 }]);
  });

  test('and back again: it is given work over HTTP only, which no command repeats later', async () => {
    const provider = hex64();
    const pool = await stage.pool(provider);
    const agent = await PollingAgent.join(stage, provider, pool.poolId);
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
