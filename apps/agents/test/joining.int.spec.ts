import { randomUUID } from 'node:crypto';
import { generateKeyPair } from '@decent-cloud/identity';
import { requests } from '@decent-cloud/messages';
import {
  createSetupToken,
  deleteSetupToken,
  getAgentStatus,
  labelDelegation,
  listDelegations,
  listPoolAgents,
  listSetupTokens,
  revokeDelegation,
  setUpAgent,
} from '@decent-cloud/messages/agents';
import { ANY_SERVICE } from '@decent-cloud/testing';
import { hex64, user } from './people.ts';
import { Stage } from './stage.ts';

const stage = Stage.forFile();

const service = ANY_SERVICE;
const anonymous = { kind: 'anonymous' } as const;
const newAgentKey = () => generateKeyPair().publicKeyHex;
const join = (token: string, agentPubkey: string) =>
  stage.ask(setUpAgent, { body: { token, agentPubkey } }, user(agentPubkey));
const resolve = (agentPublicKey: string) =>
  stage.ask(requests.resolveDelegation, { body: { agentPublicKey } }, service);

describe('setup tokens', () => {
  test('are shown once; only their hash is kept; lists show the beginning, by which they go', async () => {
    const provider = hex64();
    const pool = await stage.pool(provider);
    const params = { pubkey: provider, pool_id: pool.poolId };
    const made = await stage.ask(
      createSetupToken,
      { params, body: { label: 'node 1', expiresInHours: 1 } },
      user(provider),
      randomUUID(),
    );
    expect(made.token).toMatch(/^apt_europe_[0-9a-f]{40}$/);
    expect(made.expiresAtNs - made.createdAtNs).toBe(3_600_000_000_000n);
    const [listed] = await stage.ask(listSetupTokens, { params }, user(provider));
    expect(listed).toEqual({ ...made, token: `${made.token.slice(0, 19)}...` });

    const tables = await stage.query<{ table: string }>(
      `select table_schema || '.' || table_name as table from information_schema.tables
       where table_schema in ('public', 'messaging') and table_type = 'BASE TABLE'`,
    );
    expect(tables.length).toBeGreaterThan(5);
    for (const { table } of tables) {
      const rows = await stage.query(`select 1 from ${table} as t where t::text like '%' || $1 || '%'`, [
        made.token,
      ]);
      expect([table, rows.length]).toEqual([table, 0]);
    }

    const elsewhere = await stage.pool(provider);
    const remove = (pool_id: string, token: string) =>
      stage.ask(deleteSetupToken, { params: { pubkey: provider, pool_id, token } }, user(provider));
    await expect(remove(elsewhere.poolId, made.token)).rejects.toMatchObject({
      reason: 'SETUP_TOKEN_INVALID',
      message: 'Token not found',
    });
    await expect(remove(pool.poolId, listed?.token ?? '')).resolves.toBe(true);
    await expect(join(made.token, newAgentKey())).rejects.toMatchObject({ message: 'Invalid setup token' });
    await expect(remove(pool.poolId, await stage.token(provider, pool.poolId))).resolves.toBe(true);
    expect(await stage.ask(listSetupTokens, { params }, user(provider))).toEqual([]);
  });

  test('let in one agent; what lists show of them lets in nobody', async () => {
    const provider = hex64();
    const pool = await stage.pool(provider);
    const token = await stage.token(provider, pool.poolId);
    await expect(join(`${token.slice(0, 19)}...`, newAgentKey())).rejects.toMatchObject({
      code: 'INVALID',
      reason: 'SETUP_TOKEN_INVALID',
      message: 'Invalid setup token',
    });
    const keys = Array.from({ length: 8 }, newAgentKey);
    const outcomes = await Promise.allSettled(keys.map((key) => join(token, key)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason.message).toBe('Setup token already used');
    }
    expect(
      await stage.ask(listPoolAgents, { params: { pubkey: provider, pool_id: pool.poolId } }, user(provider)),
    ).toHaveLength(1);
  });

  test('expire', async () => {
    const provider = hex64();
    const pool = await stage.pool(provider);
    const token = await stage.token(provider, pool.poolId);
    stage.advance(24 * 3_600);
    await expect(join(token, newAgentKey())).rejects.toMatchObject({ message: 'Setup token expired' });
  });
});

describe('a key that was only named at setup', () => {
  const named = (token: string, agentPubkey: string) =>
    stage.ask(setUpAgent, { body: { token, agentPubkey } }, anonymous);
  const tokenOf = async (provider: string) => stage.token(provider, (await stage.pool(provider)).poolId);
  const nothing = { active: false, permissions: [] };

  test('acts for nobody, and is free for its holder', async () => {
    const [mallory, provider] = [hex64(), hex64()];
    const key = newAgentKey();
    await named(await tokenOf(mallory), key);
    expect(await stage.ask(listDelegations, { params: { pubkey: mallory } }, user(mallory))).toEqual([]);
    await join(await tokenOf(provider), key);
    expect(await stage.signedBy(key)).toMatchObject({ active: true, providerPublicKey: provider });
    expect(await stage.signedBy(key, mallory)).toMatchObject({ providerPublicKey: provider });
    await expect(named(await tokenOf(mallory), key)).rejects.toMatchObject({ reason: 'KEY_TAKEN' });
  });

  test('joins the provider that its first signed request names, whoever else has named it', async () => {
    const [mallory, provider] = [hex64(), hex64()];
    const key = newAgentKey();
    const token = await tokenOf(provider);
    await named(await tokenOf(mallory), key);
    const answer = await named(token, key);
    expect(answer).toMatchObject({ providerPubkey: provider });
    expect(await named(token, key)).toEqual(answer);
    expect(await stage.signedBy(key)).toEqual(nothing);
    expect(await stage.signedBy(key, hex64())).toEqual(nothing);
    const both = await Promise.all([stage.signedBy(key, provider), stage.signedBy(key, provider)]);
    for (const delegation of both) expect(delegation).toMatchObject({ providerPublicKey: provider });
    expect(await stage.signedBy(key, mallory)).toMatchObject({ providerPublicKey: provider });
  });

  test('joins the only one that has named it, when its first request names none', async () => {
    const provider = hex64();
    const key = newAgentKey();
    await named(await tokenOf(provider), key);
    expect(await stage.signedBy(key)).toMatchObject({ active: true, providerPublicKey: provider });
  });

  test('is forgotten when the provider revokes it, without being shut out', async () => {
    const [mallory, provider] = [hex64(), hex64()];
    const key = newAgentKey();
    const token = await tokenOf(mallory);
    await named(token, key);
    const params = { pubkey: mallory, agent_pubkey: key };
    expect(await stage.ask(revokeDelegation, { params }, user(mallory))).toBe(true);
    expect(await stage.signedBy(key, mallory)).toEqual(nothing);
    await expect(named(token, key)).rejects.toMatchObject({ message: 'Setup token already used' });
    await expect(stage.ask(revokeDelegation, { params }, user(mallory))).rejects.toMatchObject({
      reason: 'AGENT_NOT_FOUND',
    });
    await join(await tokenOf(provider), key);
    expect(await stage.signedBy(key)).toMatchObject({ active: true, providerPublicKey: provider });
  });

  test('cannot be set up with the signature of another', async () => {
    const provider = hex64();
    const body = { token: await tokenOf(provider), agentPubkey: newAgentKey() };
    await expect(stage.ask(setUpAgent, { body }, user(provider))).rejects.toMatchObject({
      code: 'FORBIDDEN',
      reason: 'NOT_OWNER',
    });
  });
});

describe('delegations', () => {
  test('an agent that joins acts for the provider, with every permission; a lost answer can be had again', async () => {
    const provider = hex64();
    const pool = await stage.pool(provider);
    const token = await stage.token(provider, pool.poolId);
    const agentPubkey = newAgentKey();
    expect(await resolve(agentPubkey)).toEqual({ active: false, permissions: [] });
    const answer = await join(token, agentPubkey);
    expect(answer).toEqual({
      providerPubkey: provider,
      poolId: pool.poolId,
      poolName: 'pool europe',
      poolLocation: 'europe',
      provisionerType: 'docker',
      permissions: ['provision', 'health_check', 'heartbeat', 'fetch_contracts', 'dns_manage'],
      platformPublicKey: stage.platform.publicKeyHex,
    });
    expect(await join(token, agentPubkey)).toEqual(answer);
    expect(await resolve(agentPubkey)).toEqual({
      active: true,
      providerPublicKey: provider,
      poolId: pool.poolId,
      permissions: answer.permissions,
    });
    const [shown] = await stage.ask(listDelegations, { params: { pubkey: provider } }, user(provider));
    expect(shown).toMatchObject({
      agentPubkey,
      active: true,
      online: false,
      label: 'node',
      expiresAtNs: null,
      version: null,
      lastHeartbeatNs: null,
    });
  });

  test('a key of another provider is refused, and the token stays good', async () => {
    const [one, two] = [hex64(), hex64()];
    const agentPubkey = newAgentKey();
    await join(await stage.token(one, (await stage.pool(one)).poolId), agentPubkey);
    const token = await stage.token(two, (await stage.pool(two)).poolId);
    await expect(join(token, agentPubkey)).rejects.toMatchObject({ code: 'CONFLICT', reason: 'KEY_TAKEN' });
    expect(await resolve(agentPubkey)).toMatchObject({ providerPublicKey: one });
    await expect(join(token, newAgentKey())).resolves.toMatchObject({ providerPubkey: two });
  });

  test('a revoked key stays revoked, whatever token it brings', async () => {
    const provider = hex64();
    const pool = await stage.pool(provider);
    const token = await stage.token(provider, pool.poolId);
    const agentPubkey = newAgentKey();
    await join(token, agentPubkey);
    const params = { pubkey: provider, agent_pubkey: agentPubkey };
    const stranger = hex64();
    const unknown = { reason: 'AGENT_NOT_FOUND', message: 'No active delegation found to revoke' };
    await expect(
      stage.ask(revokeDelegation, { params: { ...params, pubkey: stranger } }, user(stranger)),
    ).rejects.toMatchObject(unknown);
    await expect(stage.ask(revokeDelegation, { params }, user(provider))).resolves.toBe(true);
    await expect(stage.ask(revokeDelegation, { params }, user(provider))).rejects.toMatchObject(unknown);
    for (const again of [token, await stage.token(provider, pool.poolId)]) {
      await expect(join(again, agentPubkey)).rejects.toMatchObject({ reason: 'KEY_TAKEN' });
    }
    expect(await resolve(agentPubkey)).toEqual({ active: false, permissions: [] });
    await expect(
      stage.ask(labelDelegation, { params, body: { label: 'x' } }, user(provider)),
    ).rejects.toMatchObject({ reason: 'AGENT_NOT_FOUND' });
  });

  test('a new token moves an agent to another pool of its provider', async () => {
    const provider = hex64();
    const [europe, asia] = [await stage.pool(provider), await stage.pool(provider, 'apac')];
    const agentPubkey = newAgentKey();
    const first = await stage.token(provider, europe.poolId);
    await join(first, agentPubkey);
    await expect(join(await stage.token(provider, asia.poolId), agentPubkey)).resolves.toMatchObject({
      poolId: asia.poolId,
    });
    expect(await resolve(agentPubkey)).toMatchObject({ poolId: asia.poolId });
    await expect(join(first, agentPubkey)).rejects.toMatchObject({ message: 'Setup token already used' });
  });

  test('keys under which signatures prove nothing cannot join', async () => {
    const provider = hex64();
    const token = await stage.token(provider, (await stage.pool(provider)).poolId);
    await expect(join(token, `01${'0'.repeat(62)}`)).rejects.toMatchObject({
      reason: 'KEY_UNACCEPTABLE',
      message: expect.stringContaining('Invalid agent_pubkey'),
    });
  });

  test('the status is public, version and resources are the provider’s', async () => {
    const provider = hex64();
    const status = (caller: Parameters<Stage['ask']>[2]) =>
      stage.ask(getAgentStatus, { params: { pubkey: provider } }, caller);
    await expect(status(anonymous)).rejects.toMatchObject({ reason: 'AGENT_NOT_FOUND' });
    const pool = await stage.pool(provider);
    const agent = await stage.agent(provider, pool.poolId);
    await stage.ask(
      labelDelegation,
      { params: { pubkey: provider, agent_pubkey: agent.publicKey }, body: { label: 'rack 7' } },
      user(provider),
    );
    const seen = await status(anonymous);
    expect(seen).toMatchObject({
      online: true,
      version: null,
      resources: null,
      capabilities: null,
      provisionerType: 'docker',
      activeContracts: 0,
    });
    expect(await status(user(hex64()))).toEqual(seen);
    expect(await status(user(provider))).toMatchObject({ version: '1.2.3', resources: { cpuCores: 8 } });
    const [shown] = await stage.ask(listDelegations, { params: { pubkey: provider } }, user(provider));
    expect(shown).toMatchObject({ online: true, label: 'rack 7', version: '1.2.3' });
    stage.advance(301);
    expect(await status(anonymous)).toMatchObject({ online: false });
  });
});
