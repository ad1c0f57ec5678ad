import { agentSubjects } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { jetstream } from '@nats-io/jetstream';
import { IsolationStage } from './isolation-stage.ts';

const API_PREFIX = 'JSH.API';
const stage = IsolationStage.forFile();
const { agentWithConsumer, command, countOf, counts, consumerOf } = stage;

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
    const stored = await stage.manager.streams.getMessage('AGENT_EVT', { seq: first.seq }).catch(() => null);
    expect(stored?.subject ?? subject).toBe(subject);
  });

  test('is heard when it beats, and answered when it asks', async () => {
    const agent = await agentWithConsumer();
    const beats: string[] = [];
    stage.coordinator.subscribe('agent.hb.v1.>', {
      callback: (_, message) => void beats.push(`${message.subject} ${message.string()}`),
    });
    stage.coordinator.subscribe('agent.rpc.v1.*.get-snapshot', {
      queue: 'agents',
      callback: (_, message) => void message.respond(`snapshot for ${message.subject.split('.')[3]}`),
    });
    await stage.coordinator.flush();
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
    stage.admin.subscribe('>', {
      callback: (_, message) => {
        if (!/^(\$JS|_INBOX|_R_)/.test(message.subject)) heard.push(message.subject);
      },
    });
    await stage.admin.flush();
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
    stage.admin.publish('_INBOX.of-a-service', 'secret');
    stage.admin.publish('evt.contracts.v1.contract-accepted', 'secret');
    await stage.admin.flush();
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
    stage.admin.subscribe('agent.>', { callback: (_, message) => void heard.push(message.subject) });
    await stage.admin.flush();
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
