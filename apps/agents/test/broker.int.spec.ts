import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { facts } from '@decent-cloud/messages';
import { openAgentSession, revokeDelegation } from '@decent-cloud/messages/agents';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { RevokeDelegation } from '../src/revoke-delegation.ts';
import { hex64, user } from './people.ts';
import type { ScriptedAgent } from './scripted-agent.ts';
import { Stage } from './stage.ts';

jest.setTimeout(40_000);
const stage = Stage.forFile();

const revoke = (provider: string, agent: ScriptedAgent, query: { machines?: 'give-up' } = {}) =>
  stage.ask(
    revokeDelegation,
    { params: { pubkey: provider, agent_pubkey: agent.publicKey }, query },
    user(provider),
  );
const hasConsumer = async (account: string) => {
  const manager = await jetstreamManager(stage.service.bus.connection);
  return manager.consumers.info('AGENT_CMD', account).then(
    () => true,
    () => false,
  );
};
const refused = (agent: ScriptedAgent) =>
  agent.connect().then(
    () => false,
    () => true,
  );

describe('a session', () => {
  test('has what is needed to connect, for an hour, over TCP or WebSocket; the account stays the same', async () => {
    const { agent } = await stage.oneAgent();
    const { session } = agent;
    expect(session).toMatchObject({
      natsUrls: [stage.hub.nats.url],
      websocketUrls: [stage.hub.nats.websocketUrl],
      apiPrefix: 'JSH.API',
      platformPublicKey: stage.platform.publicKeyHex,
      heartbeatSeconds: 15,
    });
    expect(Number((session.expiresAtNs - stage.clock()) / 1_000_000_000n)).toBeGreaterThan(3_500);
    await agent.openSession();
    expect(agent.account).toBe(session.accountPublicKey);
    await agent.leave();
    await agent.connect();
    const other = await stage.oneAgent();
    expect(other.agent.account).not.toBe(agent.account);
  });

  test('is for delegated agents only', async () => {
    const stranger = {
      kind: 'agent',
      publicKey: hex64(),
      providerPublicKey: hex64(),
      permissions: [],
    } as const;
    const missing = { code: 'UNAUTHENTICATED', reason: 'DELEGATION_MISSING' };
    await expect(stage.ask(openAgentSession, { body: {} }, stranger)).rejects.toMatchObject(missing);
    await expect(stage.ask(openAgentSession, { body: {} }, user(hex64()))).rejects.toMatchObject(missing);
  });
});

describe('revocation', () => {
  test('cuts the connection, takes the consumer away, ends sessions, and leaves others alone', async () => {
    const [{ provider, agent }, bystander] = [await stage.oneAgent(), await stage.oneAgent()];
    await revoke(provider, agent);
    await eventually(() => agent.connection.isClosed(), { deadlineMs: 2_000, what: 'the cut' });
    await eventually(() => refused(agent));
    expect(await hasConsumer(agent.account)).toBe(false);
    await expect(agent.openSession()).rejects.toMatchObject({ reason: 'DELEGATION_MISSING' });
    await bystander.agent.beat();
    expect(bystander.agent.connection.isClosed()).toBe(false);
  });

  test('a revoked agent gets no contract, and its machines are not given away by its silence', async () => {
    const { provider, agent } = await stage.oneAgent();
    const accepted = stage.accepted(provider);
    const { contractId } = accepted;
    await stage.say(facts.contractAccepted, accepted);
    await agent.command(contractId, 'provision');
    await agent.report(agent.provisioned(contractId));
    await stage.saidOnce(facts.machineProvisioned, contractId);
    await revoke(provider, agent, { machines: 'give-up' });
    const next = stage.accepted(provider);
    await stage.say(facts.contractAccepted, next);
    await eventually(async () => {
      const [row] = await stage.query<{ state: string }>(
        'select state from assignment where contract_id = $1',
        [next.contractId],
      );
      return row?.state === 'waiting';
    });
    await stage.say(facts.contractEnded, stage.ended(accepted));
    await eventually(async () => (await stage.metric('dc_removals_unconfirmed')) === 1);
    expect(stage.said(facts.machineRemoved, contractId)).toEqual([]);
  });

  test('is made up for when the broker was away at the time', async () => {
    const { provider, agent } = await stage.oneAgent();
    await stage.hub.nats.kill('SIGSTOP');
    try {
      // Straight at the database, as the verb has left it when the broker did not answer.
      await stage.service
        .get(RevokeDelegation)
        .run({ params: { pubkey: provider, agent_pubkey: agent.publicKey }, query: {} }, {
          caller: user(provider),
          requestId: 'r',
          operationId: 'o',
          now: stage.clock(),
        } as never);
    } finally {
      await stage.hub.nats.kill('SIGCONT');
    }
    await eventually(() => agent.connection.isClosed());
    await eventually(async () => (await stage.metric('dc_agent_accounts_due')) === 0);
    expect(await hasConsumer(agent.account)).toBe(false);
  });
});

test('a broker that lost its accounts and streams gets them back; agents go on where they were', async () => {
  const { provider, agent } = await stage.oneAgent();
  const gone = await stage.oneAgent();
  await revoke(gone.provider, gone.agent);
  const accepted = stage.accepted(provider);
  const { contractId } = accepted;
  await stage.say(facts.contractAccepted, accepted);
  await agent.command(contractId, 'provision');

  await stage.hub.nats.kill('SIGKILL');
  await rm(join(stage.hub.nats.folder, 'accounts'), { recursive: true, force: true });
  await rm(join(stage.hub.nats.folder, 'js'), { recursive: true, force: true });
  await stage.hub.nats.startAgain();
  await stage.connect();

  // With the JWT that it has: nobody asked for a new session.
  await eventually(async () => !(await refused(agent)), { deadlineMs: 15_000, what: 'a new connection' });
  await eventually(() => refused(gone.agent));
  expect(await hasConsumer(gone.agent.account)).toBe(false);
  await agent.beat();
  await eventually(async () => {
    await agent.report(agent.claimed(contractId));
    return true;
  });
  await agent.report(agent.provisioned(contractId));
  await eventually(async () => {
    const [row] = await stage.query<{ state: string }>(
      'select state from assignment where contract_id = $1',
      [contractId],
    );
    return row?.state === 'provisioned';
  });
  expect((await agent.snapshot()).machines).toMatchObject([{ contractId, desired: 'running' }]);
});
