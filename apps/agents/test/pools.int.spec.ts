import { randomUUID } from 'node:crypto';
import { generateKeyPair } from '@decent-cloud/identity';
import { facts, requests } from '@decent-cloud/messages';
import {
  createPool,
  deletePool,
  getPool,
  listDelegations,
  listLeftovers,
  listPoolAgents,
  listPools,
  revokeDelegation,
  setUpAgent,
  updatePool,
} from '@decent-cloud/messages/agents';
import { ANY_SERVICE, answerRequests, eventually } from '@decent-cloud/testing';
import { hex64, user } from './people.ts';
import { Stage } from './stage.ts';

const stage = Stage.forFile();

const service = ANY_SERVICE;
const newAgentKey = () => generateKeyPair().publicKeyHex;
const join = (token: string, agentPubkey: string) =>
  stage.ask(setUpAgent, { body: { token, agentPubkey } }, user(agentPubkey));

describe('pools', () => {
  test('are made once for each Idempotency-Key, named after their name', async () => {
    const provider = hex64();
    const input = {
      params: { pubkey: provider },
      body: { name: 'Sample Pool', location: 'europe', provisionerType: 'docker' },
    } as const;
    const key = randomUUID();
    const made = await stage.ask(createPool, input, user(provider), key);
    expect(made.poolId).toMatch(/^samplepool-[0-9a-f]{8}$/);
    expect(await stage.ask(createPool, input, user(provider), key)).toEqual(made);
    const other = await stage.ask(createPool, input, user(provider), randomUUID());
    expect(other.poolId).not.toBe(made.poolId);
    const listed = await stage.ask(listPools, { params: { pubkey: provider } }, user(provider));
    expect(listed.map(({ poolId }) => poolId)).toEqual([other.poolId, made.poolId]);
    const rest = await stage.ask(
      listPools,
      { params: { pubkey: provider }, query: { cursor: other.poolId, limit: 1 } },
      user(provider),
    );
    expect(rest.map(({ poolId }) => poolId)).toEqual([made.poolId]);
  });

  test.each([
    [
      { location: 'mars' },
      "Invalid location 'mars': must be one of: europe, na, latam, apac, mena, ssa, cis",
    ],
    [{ name: ' ' }, 'must not be empty'],
  ])('are refused with %j', async (changes, text) => {
    const provider = hex64();
    const body = { name: 'a', location: 'europe', provisionerType: 'docker', ...changes } as never;
    await expect(
      stage.ask(createPool, { params: { pubkey: provider }, body }, user(provider)),
    ).rejects.toMatchObject({ code: 'INVALID', message: expect.stringContaining(text) });
    expect(await stage.ask(listPools, { params: { pubkey: provider } }, user(provider))).toEqual([]);
  });

  test('are counted with the agents of a key when its owner is asked for', async () => {
    const { provider, agent } = await stage.oneAgent();
    const heldBy = async (publicKey: string) => {
      const { holdings } = await stage.ask(requests.holdingsOfKeyInAgents, { body: { publicKey } }, service);
      return holdings.map(({ what, count }) => `${count} ${what}`);
    };
    expect(await heldBy(provider)).toEqual(['1 pools', '1 agents', '0 gateways']);
    expect(await heldBy(agent.publicKey)).toEqual(['0 pools', '1 agents', '0 gateways']);
  });

  test('show their figures; offerings are counted by pool and by country', async () => {
    const provider = hex64();
    const [pool, asia] = [await stage.pool(provider), await stage.pool(provider, 'apac')];
    await stage.agent(provider, pool.poolId);
    const offerings = answerRequests(await stage.hub.service('offerings'), requests.countByPool, () => ({
      byPoolId: { [pool.poolId]: 2 },
      byCountry: { DE: 3, fr: 1, JP: 4, XX: 9 },
    }));
    const params = { pubkey: provider, pool_id: pool.poolId };
    await expect(stage.ask(getPool, { params }, user(provider))).resolves.toMatchObject({
      agentCount: 1,
      onlineCount: 1,
      activeContracts: 0,
      offeringsCount: 6,
    });
    const listed = await stage.ask(listPools, { params: { pubkey: provider } }, user(provider));
    expect(
      listed.map(({ poolId, agentCount, offeringsCount }) => [poolId, agentCount, offeringsCount]),
    ).toEqual([
      [asia.poolId, 0, 4],
      [pool.poolId, 1, 6],
    ]);
    expect(offerings.received[0]?.caller).toEqual({ kind: 'service', name: 'agents' });
    offerings.stop();
    await expect(stage.ask(getPool, { params }, user(provider))).resolves.toMatchObject({ agentCount: 1 });
    const { pools } = await stage.ask(
      requests.poolsOnline,
      { body: { providerPublicKeys: [provider, hex64()] } },
      service,
    );
    expect(pools.map(({ poolId, online, location }) => [poolId, location, online])).toEqual([
      [asia.poolId, 'apac', false],
      [pool.poolId, 'europe', true],
    ]);
    stage.advance(301);
    await expect(stage.ask(getPool, { params }, user(provider))).resolves.toMatchObject({
      agentCount: 1,
      onlineCount: 0,
    });
  });

  test('change what is named; unknown ones and those of others are not found', async () => {
    const provider = hex64();
    const pool = await stage.pool(provider);
    const params = { pubkey: provider, pool_id: pool.poolId };
    await expect(
      stage.ask(updatePool, { params, body: { name: 'renamed', location: null } }, user(provider)),
    ).resolves.toBe(true);
    await expect(stage.ask(getPool, { params }, user(provider))).resolves.toMatchObject({
      name: 'renamed',
      location: 'europe',
    });
    const missing = {
      code: 'NOT_FOUND',
      reason: 'POOL_NOT_FOUND',
      message: 'No fields to update or pool not found',
    };
    await expect(stage.ask(updatePool, { params, body: {} }, user(provider))).rejects.toMatchObject(missing);
    const stranger = hex64();
    const theirs = { pubkey: stranger, pool_id: pool.poolId };
    await expect(
      stage.ask(updatePool, { params: theirs, body: { name: 'mine' } }, user(stranger)),
    ).rejects.toMatchObject(missing);
    await expect(stage.ask(getPool, { params: theirs }, user(stranger))).rejects.toMatchObject({
      reason: 'POOL_NOT_FOUND',
      message: 'Pool not found',
    });
    await expect(stage.ask(deletePool, { params: theirs }, user(stranger))).rejects.toMatchObject({
      message: 'Pool not found',
    });
    await expect(stage.ask(listPoolAgents, { params: theirs }, user(stranger))).rejects.toMatchObject({
      message: 'Pool does not belong to this provider',
    });
  });

  test('go only without active agents; revoked ones do not hold them', async () => {
    const provider = hex64();
    const pool = await stage.pool(provider);
    const agentPubkey = newAgentKey();
    await join(await stage.token(provider, pool.poolId), agentPubkey);
    const params = { pubkey: provider, pool_id: pool.poolId };
    await expect(stage.ask(deletePool, { params }, user(provider))).rejects.toMatchObject({
      code: 'CONFLICT',
      reason: 'POOL_IN_USE',
      message: 'Cannot delete pool with 1 active agents. Revoke agents first.',
    });
    await stage.ask(
      revokeDelegation,
      { params: { pubkey: provider, agent_pubkey: agentPubkey } },
      user(provider),
    );
    await expect(stage.ask(deletePool, { params }, user(provider))).resolves.toBe(true);
    const [left] = await stage.ask(listDelegations, { params: { pubkey: provider } }, user(provider));
    expect(left).toMatchObject({ agentPubkey, active: false, poolId: null });
  });

  test('an agent with machines is not revoked by the way: refused with the list, or its machines are given up', async () => {
    const { agent, contractId, provider } = await stage.running();
    const params = { pubkey: provider, agent_pubkey: agent.publicKey };
    await expect(stage.ask(revokeDelegation, { params }, user(provider))).rejects.toMatchObject({
      code: 'CONFLICT',
      reason: 'AGENT_HAS_MACHINES',
      message: expect.stringContaining(contractId),
    });
    const [still] = await stage.ask(listDelegations, { params: { pubkey: provider } }, user(provider));
    expect(still).toMatchObject({ active: true });
    const query = { machines: 'give-up' as const };
    await expect(stage.ask(revokeDelegation, { params, query }, user(provider))).resolves.toBe(true);
    await eventually(() => stage.said(facts.machineAvailabilityChanged, contractId).length === 1);
    expect(stage.said(facts.machineAvailabilityChanged, contractId)).toMatchObject([
      { availability: 'lost' },
    ]);
    const leftovers = () => stage.ask(listLeftovers, { params: { pubkey: provider } }, user(provider));
    expect(await leftovers()).toEqual([]);
    await stage.say(facts.machineWantedAgain, {
      contractId,
      version: 9,
      generation: 1,
      deadlineNs: stage.clock() + 3_600_000_000_000n,
      atNs: stage.clock(),
    });
    await eventually(async () => (await leftovers()).length === 1);
    expect(await leftovers()).toMatchObject([
      { contractId, generation: 1, agentPubkey: agent.publicKey, externalId: 'dc-1' },
    ]);
    const stranger = hex64();
    expect(await stage.ask(listLeftovers, { params: { pubkey: stranger } }, user(stranger))).toEqual([]);
  });
});
