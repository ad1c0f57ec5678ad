import { secondsToNs } from '@decent-cloud/kernel';
import { facts } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { plainDetails } from './polling-agent.ts';
import { PollingStage } from './polling-stage.ts';

jest.setTimeout(60_000);
const stage = PollingStage.forFile();
const details = plainDetails({ root_password: null });

describe('who has the contract', () => {
  test('held by another: a success that says so; the other cannot report either', async () => {
    const { first, second, contractId } = await stage.twoPolling();
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
    expect(await stage.machinesOf(contractId)).toEqual([
      { generation: 1, agent: first.publicKey, desired: 'running', state: 'claimed', outcome: null },
    ]);
  });

  test('given back: the same agent sees it as pending again, the other one does not', async () => {
    const { first, second, contractId } = await stage.twoPolling();
    await first.lock(contractId);
    expect(await first.pending()).toEqual([]);
    await first.unlock(contractId);
    expect(await first.pending()).toHaveLength(1);
    expect(await second.pending()).toEqual([]);
  });

  test('not taken in two minutes: the other agent gets generation 2, the first one nothing', async () => {
    const { first, second, contractId } = await stage.twoPolling();
    stage.advance(115);
    await second.beat();
    await first.beat();
    await stage.lookedAt(contractId);
    expect(await first.pending()).toHaveLength(1);
    stage.advance(6);
    await second.seesPending(contractId);
    expect(await first.pending()).toEqual([]);
    expect((await first.lock(contractId)).data.acquired).toBe(false);
    expect(await stage.machinesOf(contractId)).toMatchObject([
      { generation: 1, agent: first.publicKey, desired: 'absent', outcome: 'unclaimed' },
      { generation: 2, agent: second.publicKey, desired: 'running', state: 'offered' },
    ]);
  });

  test('dead with the lease: after its end the other agent gets it, and what the dead one made is to go', async () => {
    const { first, second, accepted, contractId } = await stage.twoPolling();
    await first.lock(contractId);
    stage.advance(295);
    await second.beat();
    stage.advance(4);
    await second.beat();
    await stage.lookedAt(contractId);
    expect(await stage.machinesOf(contractId)).toHaveLength(1);
    stage.advance(20);
    await second.beat();
    await second.seesPending(contractId);
    expect(await stage.machinesOf(contractId)).toMatchObject([
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
    expect(await stage.machinesOf(contractId)).toMatchObject([{ state: 'gone' }, { state: 'provisioned' }]);
    expect(stage.said(facts.machineRemoved, contractId)).toEqual([]);
    await stage.say(facts.contractEnded, stage.ended(accepted));
    await eventually(async () => (await second.reconcile(contractId)).terminate.length === 1);
    await second.terminated(contractId);
    expect(await stage.saidOnce(facts.machineRemoved, contractId)).toMatchObject({ generation: 2 });
  });

  test('a lease that is lengthened is no end; silence alone, and an end alone, neither', async () => {
    const { first, second, contractId } = await stage.twoPolling();
    await first.lock(contractId);
    stage.advance(250);
    await first.report(contractId, 'provisioning');
    await second.beat();
    stage.advance(200);
    await second.beat();
    await stage.lookedAt(contractId);
    expect(await stage.machinesOf(contractId)).toHaveLength(1);
    stage.advance(90);
    await first.beat();
    await second.beat();
    stage.advance(60);
    await second.beat();
    await stage.lookedAt(contractId);
    expect(await first.pending()).toHaveLength(1);
    expect(await stage.machinesOf(contractId)).toHaveLength(1);
    await first.report(contractId, 'provisioned', details);
    expect(await stage.saidOnce(facts.machineProvisioned, contractId)).toMatchObject({ generation: 1 });
  });

  test('alone it keeps its contract, and what waits behind it, however long a machine takes', async () => {
    const { provider, agent } = await stage.onePolling();
    const [first, second] = [stage.accepted(provider), stage.accepted(provider)];
    for (const accepted of [first, second]) {
      await stage.say(facts.contractAccepted, accepted);
      await agent.seesPending(accepted.contractId);
    }
    await agent.lock(first.contractId);
    for (let minutes = 0; minutes < 20; minutes += 4) {
      stage.advance(240);
      await stage.lookedAt(first.contractId, second.contractId);
    }
    for (const { contractId } of [first, second]) {
      await agent.report(contractId, 'provisioned', details);
      expect(await stage.saidOnce(facts.machineProvisioned, contractId)).toMatchObject({ generation: 1 });
    }
  });

  test('not past the deadline', async () => {
    const { provider, agent } = await stage.onePolling();
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
