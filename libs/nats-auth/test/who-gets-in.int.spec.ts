import { eventually, TestHub } from '@decent-cloud/testing';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import {
  AccountPushError,
  agentAccountJwt,
  credsText,
  newAccountWithoutSeed,
  newKey,
  pushAccountJwt,
  revokeAgentAccount,
} from '../src/index.ts';
import { IsolationStage } from './isolation-stage.ts';

const stage = IsolationStage.forFile();
const { agentWithConsumer } = stage;

const refuses = (attempt: Promise<NatsConnection>) =>
  attempt.then(
    () => false,
    () => true,
  );

describe('who gets in', () => {
  test('revocation cuts the connection, keeps it out, and can be taken back', async () => {
    const [agent, other] = [await agentWithConsumer(), await agentWithConsumer()];
    const [connection, bystander] = [await agent.connect(), await other.connect()];
    await revokeAgentAccount(stage.hub.system, agent.accountOptions, Math.floor(Date.now() / 1_000));
    await eventually(() => connection.isClosed(), { deadlineMs: 5_000 });
    await expect(agent.connect()).rejects.toThrow();
    await bystander.flush();
    expect(bystander.isClosed()).toBe(false);
    await pushAccountJwt(stage.hub.system, await agentAccountJwt(agent.accountOptions));
    expect((await agent.connect()).isClosed()).toBe(false);
  });

  test('a JWT ends the connection when it expires, and is refused afterwards', async () => {
    const agent = await agentWithConsumer();
    const jwt = await agent.jwt({ lifeSeconds: 2 });
    const connection = await stage.hub.connect(jwt, agent.seed);
    await eventually(() => connection.isClosed(), { deadlineMs: 8_000 });
    // The broker counts whole seconds: within the last one it lets the agent in and cuts it at once.
    await eventually(() => refuses(stage.hub.connect(jwt, agent.seed)));
    await expect(stage.hub.connect(await agent.jwt({ lifeSeconds: -5 }), agent.seed)).rejects.toThrow();
  });

  test('only the agent’s own key, the coordinator’s signature and a known account get in', async () => {
    const [agent, other] = [await agentWithConsumer(), await agentWithConsumer()];
    await expect(stage.hub.connect(await agent.jwt(), other.seed)).rejects.toThrow();
    await expect(
      stage.hub.connect(await agent.jwt({ signing: newKey('account') }), agent.seed),
    ).rejects.toThrow();
    await expect(
      stage.hub.connect(await agent.jwt({ account: newAccountWithoutSeed() }), agent.seed),
    ).rejects.toThrow();
    await expect(
      stage.hub.connect(await agent.jwt({ account: stage.hub.hubAccount }), agent.seed),
    ).rejects.toThrow();
    await expect(connect({ servers: stage.hub.nats.url, maxReconnectAttempts: 0 })).rejects.toThrow();
  });

  test('an account that the operator did not sign is of no use', async () => {
    const agent = await agentWithConsumer();
    const account = newAccountWithoutSeed();
    const signed = (operatorSigningSeed: string) =>
      agentAccountJwt({ ...agent.accountOptions, accountPublicKey: account, operatorSigningSeed });
    await pushAccountJwt(stage.hub.system, await signed(newKey('operator').seed));
    await expect(stage.hub.connect(await agent.jwt({ account }), agent.seed)).rejects.toThrow();
    await pushAccountJwt(stage.hub.system, await signed(stage.hub.operatorSigning.seed));
    await eventually(async () =>
      refuses(stage.hub.connect(await agent.jwt({ account }), agent.seed)).then((no) => !no),
    );
    await expect(pushAccountJwt(stage.hub.system, 'no.jwt.atall')).rejects.toThrow(AccountPushError);
  });

  test('accounts outlive a restart of the broker', async () => {
    const agent = await agentWithConsumer();
    const own = await TestHub.start();
    try {
      const there = await own.agent();
      await own.nats.kill('SIGKILL');
      await own.nats.startAgain();
      expect((await there.connect()).isClosed()).toBe(false);
    } finally {
      await own.stop();
    }
    expect((await agent.connect()).isClosed()).toBe(false);
  });

  test('a creds file works', async () => {
    const agent = await agentWithConsumer();
    const creds = credsText(await agent.jwt(), agent.seed);
    const connection = await connect({
      servers: stage.hub.nats.url,
      authenticator: credsAuthenticator(new TextEncoder().encode(creds)),
    });
    await connection.close();
  });

  test('a service cannot speak for another one', async () => {
    const payments = await stage.hub.service('payments');
    const heard: string[] = [];
    stage.admin.subscribe('evt.>', { callback: (_, message) => void heard.push(message.subject) });
    await stage.admin.flush();
    payments.publish('evt.contracts.v1.contract-accepted', '{}');
    payments.publish('agent.cmd.v1.x.provision', '{}');
    payments.publish('evt.payments.v1.refund-issued', '{}');
    await payments.flush();
    await eventually(() => heard.length > 0);
    expect(heard).toEqual(['evt.payments.v1.refund-issued']);
  });
});
