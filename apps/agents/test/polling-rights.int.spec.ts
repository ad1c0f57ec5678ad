import { type Caller, facts } from '@decent-cloud/messages';
import * as polling from '@decent-cloud/messages/agents/polling';
import { jest } from '@jest/globals';
import { hex64, user } from './people.ts';
import { plainDetails } from './polling-agent.ts';
import { PollingStage } from './polling-stage.ts';

jest.setTimeout(60_000);
const stage = PollingStage.forFile();
const details = plainDetails({ root_password: null });

describe('who may say what', () => {
  test('the provider in person speaks for its agent; nobody else does', async () => {
    const { provider, contractId, first } = await stage.twoPolling();
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
    const { provider, contractId } = await stage.twoPolling();
    const stranger = await stage.twoPolling();
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
    expect(await stage.machinesOf(contractId)).toMatchObject([{ state: 'offered' }]);
  });

  test('without the permission for it', async () => {
    const { first: agent, provider, contractId } = await stage.twoPolling();
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
    expect(await stage.machinesOf(contractId)).toMatchObject([{ state: 'offered' }]);
  });

  test('an agent without a pool is told to register again', async () => {
    const { first: agent, provider } = await stage.twoPolling();
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
    const { first: agent, contractId } = await stage.twoPolling();
    const refused = await agent.report(contractId, status, text).catch((error: Error) => error);
    expect(refused).toMatchObject({ code: 'INVALID', message: expect.stringMatching(message) });
    expect(String(refused)).not.toContain('hunter2');
    expect(await stage.machinesOf(contractId)).toMatchObject([{ state: 'offered' }]);
  });
});
