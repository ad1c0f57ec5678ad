import { agent, alice, callerOf, laptop, RequestStage } from './requests/stage.ts';
import { keyPair, send } from './send.ts';

const stage = RequestStage.forFile();

describe('requests', () => {
  it('are anonymous where signing is optional and a header lacks', async () => {
    const half = await send(stage.gateway.port, {
      path: '/api/v1/notes/x',
      headers: { 'x-public-key': alice.publicKeyHex, 'x-signature': 'nonsense' },
    });
    expect(callerOf(half.json.data)).toEqual({ kind: 'anonymous' });
    const whole = await send(stage.gateway.port, { path: '/api/v1/notes/x', as: alice });
    expect(callerOf(whole.json.data)).toMatchObject({ kind: 'user', publicKey: alice.publicKeyHex });
  });

  it('are signed by the key of an agent where signing is optional: then it speaks for itself alone', async () => {
    const signed = await send(stage.gateway.port, { path: '/api/v1/notes/x', as: agent, agent: true });
    expect(callerOf(signed.json.data)).toEqual({ kind: 'user', publicKey: agent.publicKeyHex });
    const forged = await send(stage.gateway.port, {
      path: '/api/v1/notes/x',
      as: agent,
      agent: true,
      headers: { 'x-agent-pubkey': keyPair().publicKeyHex },
    });
    expect(forged).toMatchObject({ status: 401, json: { code: 'SIGNATURE_INVALID' } });
  });

  it('of agents are asked about with the provider that their path names', async () => {
    const newcomer = keyPair();
    const beat = (path: string) =>
      send(stage.gateway.port, { method: 'POST', path, body: '{}', as: newcomer, agent: true });
    const provider = alice.publicKeyHex;
    expect(await beat(`/api/v1/providers/${provider.toUpperCase()}/beat`)).toMatchObject({
      json: { code: 'DELEGATION_MISSING' },
    });
    expect(stage.world.namedProviders.at(-1)).toBe(provider);
    await beat('/api/v1/agents/beat');
    expect(stage.world.namedProviders.at(-1)).toBeUndefined();
    expect(await beat('/api/v1/providers/zz/beat')).toMatchObject({ status: 400 });
  });

  it('are for oneself with any active key of the account', async () => {
    const path = `/api/v1/users/${alice.publicKeyHex.toUpperCase()}/notes`;
    for (const as of [alice, laptop]) {
      const answer = await send(stage.gateway.port, { path, as });
      expect(answer.status).toBe(200);
      expect(callerOf(answer.json.data)).toMatchObject({ publicKey: as.publicKeyHex });
    }
  });

  it('of a key without account pass where a signature is enough', async () => {
    const stranger = keyPair();
    const answer = await send(stage.gateway.port, {
      path: `/api/v1/users/${stranger.publicKeyHex}/notes`,
      as: stranger,
    });
    expect(callerOf(answer.json.data)).toEqual({ kind: 'user', publicKey: stranger.publicKeyHex });
  });

  it('of agents name their provider and permissions; the agent header wins', async () => {
    const expected = {
      kind: 'agent',
      publicKey: agent.publicKeyHex,
      providerPublicKey: alice.publicKeyHex,
      permissions: ['heartbeat'],
    };
    const beat = await send(stage.gateway.port, {
      method: 'POST',
      path: '/api/v1/agents/beat',
      body: '{}',
      as: agent,
      agent: true,
    });
    expect(callerOf(beat.json.data)).toEqual(expected);
    const shared = await send(stage.gateway.port, {
      method: 'PUT',
      path: '/api/v1/shared',
      as: agent,
      agent: true,
      headers: { 'x-public-key': alice.publicKeyHex },
    });
    expect(callerOf(shared.json.data)).toEqual(expected);
    const provider = await send(stage.gateway.port, { method: 'PUT', path: '/api/v1/shared', as: alice });
    expect(callerOf(provider.json.data)).toMatchObject({ kind: 'user' });
  });

  it('of admins pass', async () => {
    const answer = await send(stage.gateway.port, { path: '/api/v1/admin/notes', as: laptop });
    expect(callerOf(answer.json.data)).toMatchObject({ kind: 'user', isAdmin: true });
  });

  it('ask accounts once for a key in a while, and for strangers each time', async () => {
    const known = keyPair();
    stage.world.owners.set(known.publicKeyHex, { status: 'active', accountId: 'b'.repeat(32) });
    const before = stage.world.keyQuestions;
    for (let index = 0; index < 3; index++)
      await send(stage.gateway.port, { path: '/api/v1/notes/me', as: known });
    expect(stage.world.keyQuestions).toBe(before + 1);
    const stranger = keyPair();
    for (let index = 0; index < 3; index++)
      await send(stage.gateway.port, { path: '/api/v1/notes/me', as: stranger });
    expect(stage.world.keyQuestions).toBe(before + 4);
  });
});
