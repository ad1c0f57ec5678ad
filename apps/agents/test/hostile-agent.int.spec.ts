import { randomBytes } from 'node:crypto';
import { ensureStream } from '@decent-cloud/bus';
import { AGENT_API_PREFIX, agentSubjects, buckets, consumers, streams } from '@decent-cloud/messages';
import { revokeDelegation } from '@decent-cloud/messages/agents';
import { agentExports, newAccountWithoutSeed, userSeedOfEd25519 } from '@decent-cloud/nats-auth';
import { eventually, printFigures } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { AckPolicy, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { headers as createHeaders, type NatsConnection } from '@nats-io/transport-node';
import {
  apiRequests,
  BROKER_HEADERS,
  type Cast,
  FORGED,
  permittedRequests,
  subjectsOfTheSystem,
} from './attack-list.ts';
import type { ScriptedAgent } from './scripted-agent.ts';
import { Stage, user } from './stage.ts';

/**
 * A hostile agent with good credentials says and asks all that can be said and asked, with every reply subject. The
 * coordinator rests meanwhile, so that all that is heard in the hub comes from the agent.
 */
jest.setTimeout(240_000);
const SECRET = `secret-${randomBytes(8).toString('hex')}`;
const OWN_COMMANDS = 300;
let stage: Stage;
let manager: JetStreamManager;
let admin: NatsConnection;
let hostile: ScriptedAgent;
let victim: ScriptedAgent;
let provider: string;
const SERVICE_INBOX = '_INBOX.of-a-service.1';
const ADMIN_INBOX = '_INBOX.admin';
const LAST_WORD = 'the last word';

interface Heard {
  readonly where: 'hub' | 'victim' | 'system';
  readonly subject: string;
  readonly text: string;
}
const heard: Heard[] = [];

/** Somebody who hears everything in an account. */
async function observe(where: Heard['where'], account: string, subject = '>'): Promise<NatsConnection> {
  const connection = await stage.hub.user(account);
  connection.subscribe(subject, {
    callback: (_error, message) =>
      void heard.push({
        where,
        subject: message.subject,
        text: `${message.string()} ${message.headers ?? ''}`,
      }),
  });
  await connection.flush();
  return connection;
}

const observers: NatsConnection[] = [];
const heardByNow = async () => {
  for (const observer of observers) await observer.flush();
};

/** All that is stored, and who reads how far. */
async function state(own: string) {
  const found: Record<string, unknown> = {};
  let stored = 0;
  let ofOwn = 0;
  const names: string[] = [];
  for await (const name of manager.streams.names()) names.push(name);
  for (const name of names) {
    const info = await manager.streams.info(name, { subjects_filter: '>' });
    const mine = Object.entries(info.state.subjects ?? {}).filter(([subject]) => subject.includes(own));
    const many = mine.reduce((sum, [, count]) => sum + count, 0);
    found[name] = {
      last: info.state.last_seq - many,
      messages: info.state.messages - many,
      config: info.config,
    };
    stored += info.state.messages;
    ofOwn += many;
  }
  const readers: string[] = [];
  for (const stream of names) {
    for await (const { name, delivered, num_ack_pending, paused, config } of manager.consumers.list(stream)) {
      if (name === own) continue;
      // It reads what agents report, also this one's own: how far it is tells nothing about attacks.
      const progress = name === consumers['agent-events'].durable ? [] : [delivered, num_ack_pending];
      readers.push(JSON.stringify([stream, name, ...progress, paused, config]));
    }
  }
  return {
    found: { ...found, consumers: readers.sort(), names: names.sort() },
    streams: names.length,
    stored,
    ofOwn,
  };
}

interface Attacker {
  readonly connection: NatsConnection;
  readonly own: string;
  readonly apiPrefix: string;
}

/** What came to the attacker, on whatever it listened to. */
const got: string[] = [];

/** Everything said once, then everything permitted with every reply subject. */
async function speak({ connection, own, apiPrefix }: Attacker, cast: Cast) {
  const inbox = `_INBOX.${own}`;
  const answers = connection.subscribe(`${inbox}.>`, {
    callback: (_error, message) => void got.push(`${message.string()} ${message.headers ?? ''}`),
  });
  let sent = 0;
  const say = async (
    subject: string,
    body: string,
    options: Parameters<NatsConnection['publish']>[2] = {},
  ) => {
    connection.publish(subject, body, options);
    if (++sent % 200 === 0) await connection.flush();
  };
  const subjects = subjectsOfTheSystem(cast);
  const api = apiRequests(cast);
  for (const subject of subjects) await say(subject, FORGED, { reply: `${inbox}.said.${sent}` });
  for (const { subject, body } of api) await say(subject, body, { reply: `${inbox}.api.${sent}` });

  // A command of its own, to have something that can be acknowledged in every way.
  const next = await connection.request(
    `${apiPrefix}.CONSUMER.MSG.NEXT.AGENT_CMD.${own}`,
    '{"batch":1,"expires":5000000000}',
    { timeout: 10_000, noMux: true },
  );
  const permitted = permittedRequests(own, apiPrefix, next.reply ?? '');
  const replies = [...subjects, ...api.map(({ subject }) => subject)];
  const before = sent;
  for (const { subject, body } of permitted) for (const reply of replies) await say(subject, body, { reply });
  const pairs = sent - before;
  for (const [name, value] of BROKER_HEADERS) {
    const headers = createHeaders();
    headers.set(name, value);
    await say(agentSubjects.event(own, 'claimed'), FORGED, {
      headers,
      reply: agentSubjects.event(cast.other, 'claimed'),
    });
  }
  await connection.flush();
  answers.unsubscribe();
  return { sent, pairs, subjects: subjects.length, api: api.length, permitted: permitted.length };
}

/** Listens to everything, by name and by pattern, while the others tell their secrets. */
async function listen({ connection }: Attacker, cast: Cast): Promise<number> {
  const all = [
    ...subjectsOfTheSystem(cast),
    ...apiRequests(cast).map(({ subject }) => subject),
    ...[
      '>',
      '*',
      '*.>',
      '_INBOX.>',
      '_R_.>',
      '$JS.>',
      '$SYS.>',
      'agent.>',
      'evt.>',
      'req.>',
      '$KV.>',
      'dlq.>',
    ],
  ];
  for (let from = 0; from < all.length; from += 50) {
    const subscriptions = all.slice(from, from + 50).map((subject) =>
      connection.subscribe(subject, {
        // A refused one has an error and no message.
        callback: (error, message) => void (error ?? got.push(`${message.subject} ${message.string()}`)),
      }),
    );
    await connection.flush();
    await tellSecrets(cast);
    await connection.flush();
    for (const subscription of subscriptions) subscription.unsubscribe();
  }
  return all.length;
}

/** What goes on among the others: none of it may reach the agent. */
async function tellSecrets({ other, inboxes }: Cast): Promise<void> {
  for (const subject of [
    'evt.contracts.v1.contract-accepted',
    'req.accounts.v1.resolve-key',
    agentSubjects.command(other, 'provision'),
    agentSubjects.event(other, 'claimed'),
    agentSubjects.heartbeat(other),
    ...inboxes,
  ])
    secrets.publish(subject, SECRET);
  await secrets.flush();
}
let secrets: NatsConnection;

beforeAll(async () => {
  stage = await Stage.start();
  ({ provider, agent: hostile } = await stage.oneAgent());
  ({ agent: victim } = await stage.oneAgent());
  await stage.service.stop();
  await hostile.leave();
  await victim.leave();
  admin = await stage.hub.user('hub', undefined, ADMIN_INBOX);
  secrets = await stage.hub.user('hub');
  manager = await jetstreamManager(admin);
  for (const stream of Object.values(streams)) await ensureStream(manager, stream);
  for (const { name } of Object.values(buckets)) {
    await manager.streams.add({
      name: `KV_${name}`,
      subjects: [`$KV.${name}.>`],
      allow_direct: true,
      max_msgs_per_subject: 1,
    });
  }
  await jetstream(admin).publish(agentSubjects.command(victim.account, 'provision'), SECRET);
}, 60_000);
afterAll(() => stage?.stop());

/** A consumer that begins anew, with enough to read. */
async function commandsFor(account: string): Promise<void> {
  if (account === hostile.account) await manager.consumers.delete('AGENT_CMD', account);
  await manager.consumers.add('AGENT_CMD', {
    durable_name: account,
    filter_subjects: [agentSubjects.commands(account)],
    ack_policy: AckPolicy.Explicit,
    ack_wait: 60_000_000_000,
    max_ack_pending: 256,
  });
  const js = jetstream(admin);
  for (let index = 0; index < OWN_COMMANDS; index++)
    await js.publish(agentSubjects.command(account, 'provision'), `own command ${index}`);
}

/**
 * Its own subjects (every account may ask the broker about itself, so some are in the system account), the broker's
 * answers on their way back, and the broker's notes about what it asked of its own.
 */
const isOwn = ({ where, subject, text }: Heard, own: string): boolean =>
  (where !== 'victim' && subject.includes(own)) ||
  (where === 'hub' && subject.startsWith('_R_.')) ||
  (where === 'hub' &&
    subject === '$JS.EVENT.ADVISORY.API' &&
    text.includes(`"subject":"$JS.API.CONSUMER.INFO.AGENT_CMD.${own}"`));

/**
 * What this spec itself asks the broker meanwhile; and the last pull of the coordinator, which the broker keeps alive
 * while observers listen to everything, its inbox too. No attack knows the name of that inbox.
 */
const isOfThisSpec = ({ subject, text }: Heard): boolean =>
  subject.startsWith(ADMIN_INBOX) ||
  (/^_INBOX\.agents\.\w{22}\.\d+$/.test(subject) &&
    /^ NATS\/1\.0 (100 Idle Heartbeat|408 Request Timeout)/.test(text)) ||
  (subject === '$JS.API.STREAM.LIST' && text === '{"offset":0} ') ||
  (subject === '$JS.EVENT.ADVISORY.API' &&
    text.includes('"subject":"$JS.API.STREAM.LIST"') &&
    text.includes(`"id":${admin.info?.client_id},`));

/** Streams write behind: until nothing more comes. */
async function allIsStored(): Promise<void> {
  let last = '';
  let same = 0;
  await eventually(
    async () => {
      const lastOnes: number[] = [];
      for await (const { state } of manager.streams.list()) lastOnes.push(state.last_seq);
      const now = lastOnes.sort().join();
      same = now === last ? same + 1 : 0;
      last = now;
      return same === 4;
    },
    { deadlineMs: 120_000, everyMs: 400 },
  );
}

/** Runs the attack with everybody listening: what was heard, stored and changed outside the attacker's own. */
async function attackWatched(who: string, attacker: Attacker) {
  const { own, connection } = attacker;
  const cast: Cast = {
    own,
    other: victim.account,
    inboxes: [SERVICE_INBOX, `_INBOX.${victim.account}.1`, '_R_.aaaaaa.1'],
    serverId: connection.info?.server_id ?? '',
  };
  await commandsFor(own);
  observers.push(
    await observe('hub', 'hub'),
    await observe('victim', victim.account),
    await observe('system', 'system', '$SYS.REQ.>'),
  );
  // Of one agent so much is kept and no more: it begins with nothing.
  await manager.streams.purge('AGENT_EVT', { filter: `agent.evt.v1.${own}` });
  const before = await state(own);
  await heardByNow();
  heard.length = 0;
  got.length = 0;
  const told = await speak(attacker, cast);
  // One that is permitted comes after all others: what is heard before it is all that there is.
  connection.publish(agentSubjects.heartbeat(own), LAST_WORD);
  await connection.flush();
  await eventually(() => heard.some(({ text }) => text.startsWith(LAST_WORD)), { deadlineMs: 60_000 });
  await allIsStored();
  await heardByNow();
  const all = heard.splice(0);
  for (const observer of observers.splice(0)) await observer.close();
  const outside = all.filter((one) => !isOwn(one, own) && !isOfThisSpec(one));
  const after = await state(own);
  const listened = await listen(attacker, cast);
  const leaked = got.filter((text) => text.includes(SECRET));
  const storedOutside = after.stored - after.ofOwn - (before.stored - before.ofOwn);
  printFigures(who, {
    subjects: told.subjects,
    'API requests': told.api,
    'permitted requests': told.permitted,
    'times every reply subject': told.pairs,
    'messages sent': told.sent,
    'subjects listened to': listened,
    'its own: seen by observers': all.filter((one) => isOwn(one, own)).length,
    stored: after.ofOwn - before.ofOwn,
    'got back': got.length,
    'outside its own: seen': outside.length,
    'stored outside': storedOutside,
    'streams deleted': before.streams - after.streams,
    'secrets that reached it': leaked.length,
  });
  return { told, all, outside, before, after, leaked, listened, storedOutside };
}

const asAgent = async (): Promise<Attacker> => ({
  connection: await stage.hub.connect(hostile.session.userJwt, userSeedOfEd25519(hostile.key.seed)),
  own: hostile.account,
  apiPrefix: AGENT_API_PREFIX,
});

test.each([
  ['an agent with the session that it was given', asAgent],
  [
    'a user of the agent’s account who may say and hear everything in it',
    async () => ({ ...(await asAgent()), connection: await stage.hub.user(hostile.account) }),
  ],
])('%s reaches nothing outside its own', async (who, attackerOf) => {
  const attacker = await attackerOf();
  const { told, all, outside, before, after, leaked, storedOutside } = await attackWatched(who, attacker);
  expect(outside.slice(0, 3)).toEqual([]);
  expect(storedOutside).toBe(0);
  expect(after.found).toEqual(before.found);
  expect(leaked.slice(0, 3)).toEqual([]);
  expect(attacker.connection.isClosed()).toBe(false);
  // Nobody was blind, and nothing was left out.
  expect(all.length).toBeGreaterThan(told.pairs / 2);
  expect(after.ofOwn - before.ofOwn).toBeGreaterThan((streams.AGENT_EVT.perSubject.messages * 9) / 10);
  expect(told.pairs).toBe(told.permitted * (told.subjects + told.api));
  expect(told.subjects).toBeGreaterThan(150);
  expect(told.api).toBeGreaterThan(500);
  await attacker.connection.close();
});

test('the coordinator, back at work, acts on none of it', async () => {
  await stage.startService();
  const rows = () =>
    stage.query(
      'select agent_public_key, account_public_key, revoked_at_ns, desired_version, unknown_machines from agent order by 1',
    );
  const agents = await rows();
  await eventually(async () => (await stage.metric('dc_agent_events_waiting', 'state="pending"')) === 0, {
    deadlineMs: 150_000,
    everyMs: 500,
  });
  const disbelieved = await stage.metric('dc_agent_messages_disbelieved_total', 'channel="event"');
  const believed = await stage.metric('dc_agent_events_total');
  printFigures('the coordinator afterwards', { 'forged events disbelieved': disbelieved, believed });
  expect(believed).toBe(0);
  expect(disbelieved).toBeGreaterThan((streams.AGENT_EVT.perSubject.messages * 9) / 10);
  expect(await rows()).toEqual(agents);
  expect(await stage.query('select 1 from assignment')).toEqual([]);
  expect(stage.heardOf('evt.agents.')).toEqual([]);
}, 240_000);

test('revocation cuts it at once', async () => {
  const { connection } = await asAgent();
  const started = performance.now();
  await stage.ask(
    revokeDelegation,
    { params: { pubkey: provider, agent_pubkey: hostile.publicKey } },
    user(provider),
  );
  await eventually(() => connection.isClosed(), { deadlineMs: 30_000, everyMs: 5 });
  printFigures('revocation', { 'ms until the connection was cut': performance.now() - started });
  await expect(asAgent()).rejects.toThrow();
});

test('permissions inside one shared account do not hold it: the same attack comes through', async () => {
  const own = newAccountWithoutSeed();
  const connection = await stage.hub.user('hub', {
    pub: { allow: agentExports.map(({ subject }) => subject.replace('*', own)) },
    sub: { allow: ['_INBOX.>'] },
  });
  await stage.service.stop();
  await stage.stopListening();
  const { outside, before, after } = await attackWatched('a user of one shared account', {
    connection,
    own,
    apiPrefix: '$JS.API',
  });
  expect(outside.length).toBeGreaterThan(1_000);
  expect(after.streams).toBeLessThan(before.streams);
  expect(after.found).not.toEqual(before.found);
});
