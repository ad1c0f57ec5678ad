import { ensureStream } from '@decent-cloud/bus';
import { agentSubjects, streams } from '@decent-cloud/messages';
import { eventually, streamsOf, type TestAgent, TestHub } from '@decent-cloud/testing';
import { AckPolicy, type JetStreamManager, jetstream } from '@nats-io/jetstream';
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

const API_PREFIX = 'JSH.API';
let hub: TestHub;
let coordinator: NatsConnection;
let manager: JetStreamManager;
let admin: NatsConnection;

async function agentWithConsumer(): Promise<TestAgent> {
  const agent = await hub.agent();
  await manager.consumers.add('AGENT_CMD', {
    durable_name: agent.account,
    filter_subjects: [agentSubjects.commands(agent.account)],
    ack_policy: AckPolicy.Explicit,
    ack_wait: 30_000_000_000,
  });
  return agent;
}

const command = (agent: TestAgent, text: string) =>
  jetstream(coordinator).publish(agentSubjects.command(agent.account, 'provision'), text);
const countOf = async (stream: string) => (await manager.streams.info(stream)).state.messages;
const consumerOf = (agent: TestAgent) => manager.consumers.info('AGENT_CMD', agent.account);

const refuses = (attempt: Promise<NatsConnection>) =>
  attempt.then(
    () => false,
    () => true,
  );

beforeAll(async () => {
  hub = await TestHub.start();
  coordinator = await hub.service('agents');
  admin = await hub.service('admin');
  ({ manager } = await streamsOf(coordinator));
  await ensureStream(manager, streams.AGENT_CMD);
  await ensureStream(manager, streams.AGENT_EVT);
  await ensureStream(manager, streams.FACTS);
}, 30_000);

afterAll(async () => {
  await hub?.stop();
});

describe('what an agent can do', () => {
  test('pulls its commands, acknowledges them twice over, and gets no others', async () => {
    const [one, two] = [await agentWithConsumer(), await agentWithConsumer()];
    await command(two, 'for two');
    await command(one, 'for one');
    const js = jetstream(await one.connect(), { apiPrefix: API_PREFIX });
    const consumer = await js.consumers.get('AGENT_CMD', one.account);
    const message = await consumer.next({ expires: 5_000 });
    expect(message?.string()).toBe('for one');
    expect(await message?.ackAck({ timeout: 5_000 })).toBe(true);
    expect(await consumer.next({ expires: 1_000 })).toBeNull();
    expect(await consumerOf(one)).toMatchObject({ num_pending: 0, num_ack_pending: 0 });
    expect((await consumerOf(two)).num_pending).toBe(1);
  });

  test('a running pull delivers a command as soon as it is given', async () => {
    const agent = await agentWithConsumer();
    const js = jetstream(await agent.connect(), { apiPrefix: API_PREFIX });
    const messages = await (await js.consumers.get('AGENT_CMD', agent.account)).consume({ max_messages: 10 });
    await command(agent, 'first');
    await command(agent, 'second');
    const seen: string[] = [];
    for await (const message of messages) {
      seen.push(message.string());
      message.ack();
      if (seen.length === 2) break;
    }
    expect(seen).toEqual(['first', 'second']);
  });

  test('publishes an event with acknowledgement, once for each message id', async () => {
    const agent = await agentWithConsumer();
    const before = await countOf('AGENT_EVT');
    const js = jetstream(await agent.connect(), { apiPrefix: API_PREFIX });
    const subject = agentSubjects.event(agent.account, 'claimed');
    const first = await js.publish(subject, '{}', { msgID: 'e-1' });
    expect(first.stream).toBe('AGENT_EVT');
    expect((await js.publish(subject, '{}', { msgID: 'e-1' })).duplicate).toBe(true);
    expect(await countOf('AGENT_EVT')).toBe(before + 1);
    const stored = await manager.streams.getMessage('AGENT_EVT', { seq: first.seq }).catch(() => null);
    expect(stored?.subject ?? subject).toBe(subject);
  });

  test('is heard when it beats, and answered when it asks', async () => {
    const agent = await agentWithConsumer();
    const beats: string[] = [];
    coordinator.subscribe('agent.hb.v1.>', {
      callback: (_, message) => void beats.push(`${message.subject} ${message.string()}`),
    });
    coordinator.subscribe('agent.rpc.v1.*.get-snapshot', {
      queue: 'agents',
      callback: (_, message) => void message.respond(`snapshot for ${message.subject.split('.')[3]}`),
    });
    await coordinator.flush();
    const connection = await agent.connect();
    connection.publish(agentSubjects.heartbeat(agent.account), 'alive');
    await eventually(() => beats.includes(`agent.hb.v1.${agent.account} alive`));
    const reply = await connection.request(agentSubjects.rpc(agent.account, 'get-snapshot'), '', {
      timeout: 5_000,
    });
    expect(reply.string()).toBe(`snapshot for ${agent.account}`);
  });
});

describe('what an agent cannot do', () => {
  test('nothing that it says under other names reaches the hub', async () => {
    const [hostile, victim] = [await agentWithConsumer(), await agentWithConsumer()];
    const heard: string[] = [];
    admin.subscribe('>', {
      callback: (_, message) => {
        if (!/^(\$JS|_INBOX|_R_)/.test(message.subject)) heard.push(message.subject);
      },
    });
    await admin.flush();
    const counts = async () => [
      await countOf('AGENT_CMD'),
      await countOf('AGENT_EVT'),
      await countOf('FACTS'),
    ];
    const before = await counts();
    const connection = await hostile.connect();
    for (const subject of [
      agentSubjects.event(victim.account, 'provisioned'),
      agentSubjects.heartbeat(victim.account),
      agentSubjects.rpc(victim.account, 'get-snapshot'),
      agentSubjects.command(victim.account, 'terminate'),
      agentSubjects.command(hostile.account, 'provision'),
      'evt.payments.v1.refund-issued',
      'req.accounts.v1.resolve-key',
      'dlq.contracts.x',
      `$JS.ACK.AGENT_CMD.${victim.account}.1.1.1.1.1`,
      '$SYS.REQ.CLAIMS.UPDATE',
    ]) {
      connection.publish(subject, 'forged');
    }
    connection.publish(agentSubjects.heartbeat(hostile.account), 'last');
    await connection.flush();
    await eventually(() => heard.includes(agentSubjects.heartbeat(hostile.account)));
    expect(heard).toEqual([agentSubjects.heartbeat(hostile.account)]);
    expect(await counts()).toEqual(before);
  });

  test('it hears nothing of the hub, of others, or of the broker', async () => {
    const [hostile, victim] = [await agentWithConsumer(), await agentWithConsumer()];
    const connection = await hostile.connect();
    const refused: string[] = [];
    for (const subject of ['>', '*.>', 'agent.>', 'evt.>', '$SYS.>', '$JS.>', 'req.>', '_R_.>']) {
      connection.subscribe(subject, {
        callback: (error) => {
          if (error) refused.push(subject);
        },
      });
    }
    await connection.flush();
    const inbox: string[] = [];
    connection.subscribe('_INBOX.>', { callback: (_, message) => void inbox.push(message.subject) });
    await connection.flush();
    await command(victim, 'secret');
    admin.publish('_INBOX.of-a-service', 'secret');
    admin.publish('evt.contracts.v1.contract-accepted', 'secret');
    await admin.flush();
    await connection.flush();
    await eventually(() => refused.length === 8);
    expect(inbox).toEqual([]);
  });

  test('no other JetStream request of the hub answers it', async () => {
    const [hostile, victim] = [await agentWithConsumer(), await agentWithConsumer()];
    const connection = await hostile.connect();
    for (const prefix of ['JSH.API', '$JS.API']) {
      for (const verb of [
        `CONSUMER.INFO.AGENT_CMD.${victim.account}`,
        `CONSUMER.MSG.NEXT.AGENT_CMD.${victim.account}`,
        `CONSUMER.DELETE.AGENT_CMD.${hostile.account}`,
        `CONSUMER.CREATE.AGENT_CMD.${hostile.account}`,
        'CONSUMER.NAMES.AGENT_CMD',
        'STREAM.INFO.AGENT_CMD',
        'STREAM.DELETE.AGENT_CMD',
        'STREAM.PURGE.AGENT_CMD',
        'STREAM.MSG.GET.AGENT_CMD',
        'DIRECT.GET.AGENT_CMD',
      ]) {
        await expect(connection.request(`${prefix}.${verb}`, '', { timeout: 400 })).rejects.toThrow();
      }
    }
    expect(await consumerOf(hostile)).toBeDefined();
  });

  test('the reply subject of its requests reaches nobody else (INFO and MSG.NEXT)', async () => {
    const [hostile, victim] = [await agentWithConsumer(), await agentWithConsumer()];
    await command(hostile, 'its own job');
    const heard: string[] = [];
    admin.subscribe('agent.>', { callback: (_, message) => void heard.push(message.subject) });
    await admin.flush();
    const counts = async () => [
      await countOf('AGENT_CMD'),
      await countOf('AGENT_EVT'),
      await countOf('FACTS'),
    ];
    const before = await counts();
    const connection = await hostile.connect();
    const info = `${API_PREFIX}.CONSUMER.INFO.AGENT_CMD.${hostile.account}`;
    const next = `${API_PREFIX}.CONSUMER.MSG.NEXT.AGENT_CMD.${hostile.account}`;
    for (const reply of [
      agentSubjects.event(victim.account, 'provisioned'),
      agentSubjects.command(victim.account, 'terminate'),
      agentSubjects.event(hostile.account, 'provisioned'),
      'evt.payments.v1.refund-issued',
    ]) {
      connection.publish(info, '', { reply });
      connection.publish(next, '{"batch":1,"expires":1000000000}', { reply });
    }
    await connection.flush();
    await eventually(async () => (await consumerOf(hostile)).delivered.consumer_seq >= 1);
    connection.publish(agentSubjects.heartbeat(hostile.account), 'last');
    await eventually(() => heard.includes(agentSubjects.heartbeat(hostile.account)));
    expect(heard).toEqual([agentSubjects.heartbeat(hostile.account)]);
    expect(await counts()).toEqual(before);
  });

  test('an event with the reply subject of another reaches nobody else', async () => {
    const [hostile, victim] = [await agentWithConsumer(), await agentWithConsumer()];
    const before = await countOf('AGENT_CMD');
    const events = await countOf('AGENT_EVT');
    const connection = await hostile.connect();
    connection.publish(agentSubjects.event(hostile.account, 'claimed'), '{}', {
      reply: agentSubjects.command(victim.account, 'terminate'),
    });
    connection.publish(agentSubjects.event(hostile.account, 'claimed'), '{}', {
      reply: agentSubjects.event(victim.account, 'claimed'),
    });
    await connection.flush();
    await eventually(async () => (await countOf('AGENT_EVT')) >= events + 2);
    expect(await countOf('AGENT_EVT')).toBe(events + 2);
    expect(await countOf('AGENT_CMD')).toBe(before);
  });
});

describe('who gets in', () => {
  test('revocation cuts the connection, keeps it out, and can be taken back', async () => {
    const [agent, other] = [await agentWithConsumer(), await agentWithConsumer()];
    const [connection, bystander] = [await agent.connect(), await other.connect()];
    await revokeAgentAccount(hub.system, agent.accountOptions, Math.floor(Date.now() / 1_000));
    await eventually(() => connection.isClosed(), { deadlineMs: 15_000 });
    await expect(agent.connect()).rejects.toThrow();
    await bystander.flush();
    expect(bystander.isClosed()).toBe(false);
    await pushAccountJwt(hub.system, await agentAccountJwt(agent.accountOptions));
    expect((await agent.connect()).isClosed()).toBe(false);
  });

  test('a JWT ends the connection when it expires, and is refused afterwards', async () => {
    const agent = await agentWithConsumer();
    const jwt = await agent.jwt({ lifeSeconds: 2 });
    const connection = await hub.connect(jwt, agent.seed);
    await eventually(() => connection.isClosed(), { deadlineMs: 15_000 });
    // The broker counts whole seconds: within the last one it lets the agent in and cuts it at once.
    await eventually(() => refuses(hub.connect(jwt, agent.seed)));
    await expect(hub.connect(await agent.jwt({ lifeSeconds: -5 }), agent.seed)).rejects.toThrow();
  });

  test('only the agent’s own key, the coordinator’s signature and a known account get in', async () => {
    const [agent, other] = [await agentWithConsumer(), await agentWithConsumer()];
    await expect(hub.connect(await agent.jwt(), other.seed)).rejects.toThrow();
    await expect(hub.connect(await agent.jwt({ signing: newKey('account') }), agent.seed)).rejects.toThrow();
    await expect(
      hub.connect(await agent.jwt({ account: newAccountWithoutSeed() }), agent.seed),
    ).rejects.toThrow();
    await expect(hub.connect(await agent.jwt({ account: hub.hubAccount }), agent.seed)).rejects.toThrow();
    await expect(connect({ servers: hub.nats.url, maxReconnectAttempts: 0 })).rejects.toThrow();
  });

  test('an account that the operator did not sign is of no use', async () => {
    const agent = await agentWithConsumer();
    const account = newAccountWithoutSeed();
    const signed = (operatorSigningSeed: string) =>
      agentAccountJwt({ ...agent.accountOptions, accountPublicKey: account, operatorSigningSeed });
    await pushAccountJwt(hub.system, await signed(newKey('operator').seed));
    await expect(hub.connect(await agent.jwt({ account }), agent.seed)).rejects.toThrow();
    await pushAccountJwt(hub.system, await signed(hub.operatorSigning.seed));
    await eventually(async () =>
      refuses(hub.connect(await agent.jwt({ account }), agent.seed)).then((no) => !no),
    );
    await expect(pushAccountJwt(hub.system, 'no.jwt.atall')).rejects.toThrow(AccountPushError);
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
      servers: hub.nats.url,
      authenticator: credsAuthenticator(new TextEncoder().encode(creds)),
    });
    await connection.close();
  });

  test('a service cannot speak for another one', async () => {
    const payments = await hub.service('payments');
    const heard: string[] = [];
    admin.subscribe('evt.>', { callback: (_, message) => void heard.push(message.subject) });
    await admin.flush();
    payments.publish('evt.contracts.v1.contract-accepted', '{}');
    payments.publish('agent.cmd.v1.x.provision', '{}');
    payments.publish('evt.payments.v1.refund-issued', '{}');
    await payments.flush();
    await eventually(() => heard.length > 0);
    expect(heard).toEqual(['evt.payments.v1.refund-issued']);
  });
});
