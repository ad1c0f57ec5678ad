import { facts } from '@decent-cloud/messages';
import { getAgentStatus, getPool } from '@decent-cloud/messages/agents';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { user } from './people.ts';
import { PollingAgent, plainDetails } from './polling-agent.ts';
import { PollingStage } from './polling-stage.ts';

jest.setTimeout(60_000);
const stage = PollingStage.forFile();

describe('a heartbeat', () => {
  test('shows agent and pool as online, names the pool, keeps what is left out', async () => {
    const { provider, pool, agent } = await stage.onePolling();
    const resources = {
      cpuCores: 8,
      memoryTotalMb: 2n ** 60n,
      storagePools: [{ name: 'local', totalGb: 1 }],
    };
    expect(await agent.beat({ activeContracts: 3, resources })).toEqual({
      acknowledged: true,
      nextHeartbeatSeconds: 60n,
      poolId: pool.poolId,
      poolName: pool.name,
    });
    await agent.beat({ activeContracts: 4, version: null, provisionerType: null });
    const status = await stage.ask(getAgentStatus, { params: { pubkey: provider } }, user(provider));
    expect(status).toMatchObject({
      online: true,
      version: '0.6.0',
      provisionerType: 'docker',
      activeContracts: 4,
      resources: { cpuCores: 8, storagePools: [{ name: 'local', totalGb: 1 }] },
    });
    const params = { pubkey: provider, pool_id: pool.poolId };
    expect(await stage.ask(getPool, { params }, user(provider))).toMatchObject({ onlineCount: 1 });
    stage.advance(301);
    expect(await stage.ask(getPool, { params }, user(provider))).toMatchObject({ onlineCount: 0 });
  });

  test('without a type the pool says it; what the database cannot keep is refused', async () => {
    const { agent } = await stage.onePolling();
    await stage.query(`update agent set provisioner_types = '{}' where agent_public_key = $1`, [
      agent.publicKey,
    ]);
    await agent.beat({ provisionerType: null });
    const [row] = await stage.query<{ types: string[] }>(
      'select provisioner_types as types from agent where agent_public_key = $1',
      [agent.publicKey],
    );
    expect(row?.types).toEqual(['docker']);
    for (const resources of [
      { note: 'a\0b' },
      { note: '\ud800' },
      { note: 'x'.repeat(300_000) },
      { cpuCores: -1 },
    ]) {
      await expect(agent.beat({ resources })).rejects.toMatchObject({ code: 'INVALID' });
    }
  });

  test('four contracts at a time, however often it beats; more wait for the first to be made', async () => {
    const { provider, agent } = await stage.onePolling();
    const accepted = Array.from({ length: 5 }, () => stage.accepted(provider));
    for (const one of accepted) await stage.say(facts.contractAccepted, one);
    const listed = await eventually(async () => {
      const pending = await agent.pending();
      return pending.length === 4 && pending;
    });
    const waiting = accepted.find(
      ({ contractId }) => !listed.some((one) => one.contract_id === contractId),
    )?.contractId;
    await eventually(async () => (await stage.stateOf(waiting ?? ''))?.state === 'waiting');
    await agent.beat();
    stage.advance(2);
    expect(await agent.pending()).toHaveLength(4);
    const first = listed[0]?.contract_id ?? '';
    await agent.lock(first);
    await agent.report(first, 'provisioned', plainDetails({ root_password: null }));
    await agent.seesPending(waiting ?? '');
  });

  test('what one of two has no room for goes to the other', async () => {
    const { provider, pool, agent } = await stage.onePolling();
    const other = await PollingAgent.join(stage, provider, pool.poolId);
    for (let one = 0; one < 8; one++) {
      await stage.say(facts.contractAccepted, stage.accepted(provider));
      await agent.beat();
      await other.beat();
    }
    await eventually(async () => {
      const lists = [await agent.pending(), await other.pending()];
      return lists.every((list) => list.length === 4);
    });
  });
});
