import { ensureStream } from '@decent-cloud/bus';
import {
  askersOf,
  buckets,
  type InnerServiceName,
  innerServiceNames,
  type RequestDeclaration,
  requests,
  streams,
} from '@decent-cloud/messages';
import { allEndpoints } from '@decent-cloud/messages/endpoints';
import { type HubUserName, hubUserNames } from '@decent-cloud/nats-auth';
import { eventually, TestHub } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { apiRequests, FORGED, subjectsOfTheSystem } from './attack-list.ts';

jest.setTimeout(120_000);

const users = hubUserNames.filter((name) => name !== 'admin');
const INBOXES = [...hubUserNames.map((name) => `_INBOX.${name}.x.1`), '_INBOX.x.1'];
const LAST = 'spec.last';
const WHO = 'Spec-Who';

let hub: TestHub;
let admin: NatsConnection;
let manager: JetStreamManager;
let own: string;
let other: string;

beforeAll(async () => {
  hub = await TestHub.start();
  admin = await hub.service('admin');
  const startUp = await jetstreamManager(await hub.service('streams'));
  for (const stream of Object.values(streams)) await ensureStream(startUp, stream);
  manager = await jetstreamManager(admin);
  for (const { name } of Object.values(buckets)) {
    await manager.streams.add({ name: `KV_${name}`, subjects: [`$KV.${name}.>`] });
  }
  [own, other] = [(await hub.agent()).account, (await hub.agent()).account];
});
afterAll(() => hub?.stop());

/** What each needs besides the requests that it is declared to ask; all else is tried in vain. */
const SERVICE = (name: string, more: string) =>
  `evt\\.${name}\\.|dlq\\.(${name}${more === '' ? '' : '|agent-events'})\\.|probe\\.(FACTS|DEAD_LETTERS|ADVISORIES${more})$` +
  `|\\$JS\\.ACK\\.FACTS\\.${name}\\.|\\$JS\\.API\\.(INFO$|STREAM\\.(INFO|CREATE)\\.(FACTS|DEAD_LETTERS|ADVISORIES${more})$` +
  `|STREAM\\.MSG\\.GET\\.FACTS$|CONSUMER\\.(CREATE|DURABLE\\.CREATE|INFO|MSG\\.NEXT)\\.FACTS\\.${name}(\\.|$))`;
const NEEDS: Readonly<Record<Exclude<HubUserName, 'admin'>, string>> = {
  ...(Object.fromEntries(innerServiceNames.map((name) => [name, SERVICE(name, '')])) as Record<
    InnerServiceName,
    string
  >),
  agents:
    `${SERVICE('agents', '|AGENT_CMD|AGENT_EVT')}|agent\\.cmd\\.v1\\.|\\$JS\\.ACK\\.AGENT_EVT\\.agent-events\\.` +
    '|\\$JS\\.API\\.(CONSUMER\\.(CREATE|DURABLE\\.CREATE|INFO|MSG\\.NEXT)\\.AGENT_EVT\\.agent-events|STREAM\\.MSG\\.GET\\.AGENT_CMD$|STREAM\\.PURGE\\.AGENT_EVT$' +
    '|CONSUMER\\.(CREATE|DURABLE\\.CREATE|INFO|DELETE)\\.AGENT_CMD\\.|CONSUMER\\.LIST\\.AGENT_CMD$)',
  gateway:
    'req\\.[a-z]+\\.v1\\.ping$|\\$KV\\.gateway_|\\$JS\\.API\\.(INFO$|STREAM\\.INFO\\.FACTS$' +
    `|CONSUMER\\.CREATE\\.FACTS$|CONSUMER\\.(CREATE|INFO|DELETE|MSG\\.NEXT)\\.FACTS\\.${FORGED}` +
    '|STREAM\\.(INFO|CREATE|MSG\\.GET)\\.KV_gateway_|DIRECT\\.GET\\.KV_gateway_|CONSUMER\\.[A-Z]+\\.KV_gateway_)',
  streams: `\\$JS\\.API\\.(INFO$|STREAM\\.(INFO|CREATE|UPDATE)\\.(${Object.keys(streams).join('|')})$)`,
};

const asks = (name: string, subject: string) =>
  [...Object.values<RequestDeclaration>(requests), ...Object.values<RequestDeclaration>(allEndpoints)].some(
    (declaration) => declaration.subject === subject && askersOf(declaration).includes(name as never),
  );
const needs = (name: keyof typeof NEEDS, subject: string) =>
  asks(name, subject) || new RegExp(`^(${NEEDS[name]})`).test(subject);

const configs = async () =>
  Object.fromEntries(
    await Promise.all(
      Object.keys(streams).map(async (name) => [name, (await manager.streams.info(name)).config] as const),
    ),
  );

test.each(users)('%s says nothing that it does not need', async (name) => {
  const cast = { own, other, inboxes: INBOXES, serverId: admin.info?.server_id ?? '' };
  const attempts = [
    ...subjectsOfTheSystem(cast).map((subject) => ({ subject, body: FORGED })),
    ...users.flatMap((user) =>
      [`evt.${user}.v1.x`, `dlq.${user}.x`].map((subject) => ({ subject, body: '' })),
    ),
    ...Object.keys(streams).map((stream) => ({ subject: `probe.${stream}`, body: '' })),
    // What would change streams is what start-up is for: the others' attempts show that they cannot.
    ...apiRequests(cast).filter(({ subject }) => name !== 'streams' || !/STREAM\.UPDATE/.test(subject)),
  ];
  expect(attempts.length).toBeGreaterThan(700);
  const before = await configs();
  const heard = new Set<string>();
  const listening = admin.subscribe('>', {
    callback: (_error, message) => {
      if (message.headers?.get(WHO) === name) heard.add(message.subject);
    },
  });
  await admin.flush();
  const service = await hub.service(name);
  const signed = headers();
  signed.set(WHO, name);
  for (const { subject, body } of attempts) service.publish(subject, body, { headers: signed });
  await service.flush();
  const last = headers();
  last.set(WHO, name);
  admin.publish(LAST, '', { headers: last });
  await eventually(() => heard.has(LAST), { deadlineMs: 30_000 });
  listening.unsubscribe();
  heard.delete(LAST);
  expect(heard.size).toBeGreaterThan(0);
  expect([...heard].filter((subject) => !needs(name, subject)).sort()).toEqual([]);
  expect(await configs()).toEqual(before);
});

test.each(users)('%s hears nothing that is not for it', async (name) => {
  const service = await hub.service(name);
  const heard: string[] = [];
  const others = hubUserNames.filter((user) => user !== name);
  const wanted = [
    ...[
      '>',
      '*',
      '*.>',
      '_INBOX.>',
      '_INBOX.*.>',
      'req.>',
      'evt.>',
      'dlq.>',
      'probe.>',
      '$JS.>',
      '$KV.>',
      '$SYS.>',
    ],
    ...['agent.cmd.>', 'agent.evt.>', '$JS.EVENT.>', '$JS.ACK.>', 'spec.>'],
    ...others.flatMap((user) => [`_INBOX.${user}.>`, `req.${user}.>`, `evt.${user}.>`]),
  ];
  for (const subject of wanted) {
    service.subscribe(subject, {
      callback: (error, message) => void (!error && heard.push(message.subject)),
    });
  }
  const mine = name === 'gateway' || name === 'streams' ? `_INBOX.${name}.hello` : `req.${name}.v1.hello`;
  service.subscribe(mine, { callback: (error, message) => void (!error && heard.push(message.subject)) });
  await service.flush();
  const said = [
    ...others.flatMap((user) => [`_INBOX.${user}.x.1`, `req.${user}.v1.x`, `evt.${user}.v1.x`]),
    ...[
      '_INBOX.x.1',
      `agent.cmd.v1.${own}.provision`,
      `agent.evt.v1.${own}.claimed`,
      'dlq.contracts.x',
      LAST,
    ],
    `$KV.gateway_tickets.${FORGED}`,
  ];
  for (const subject of said) admin.publish(subject, FORGED);
  admin.publish(mine, FORGED);
  await admin.flush();
  await eventually(() => heard.includes(mine), { deadlineMs: 30_000 });
  expect(heard).toEqual([mine]);
});
