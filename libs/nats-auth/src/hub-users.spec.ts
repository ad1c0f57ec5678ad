import { askersOf, buckets, requests, streams } from '@decent-cloud/messages';
import { allEndpoints } from '@decent-cloud/messages/endpoints';
import { hubPermissions, hubUserNames } from './hub-users.ts';

const allowed = (patterns: readonly string[] | undefined, subject: string) =>
  (patterns ?? []).some((pattern) => {
    const wanted = pattern.split('.');
    const given = subject.split('.');
    if (wanted.at(-1) === '>' && given.length >= wanted.length) {
      return wanted.slice(0, -1).every((token, index) => token === '*' || token === given[index]);
    }
    return (
      wanted.length === given.length &&
      wanted.every((token, index) => token === '*' || token === given[index])
    );
  });

const permissions = new Map<string, Awaited<ReturnType<typeof hubPermissions>>>();
beforeAll(async () => {
  for (const name of hubUserNames) permissions.set(name, await hubPermissions(name));
});

const mayPublish = (name: (typeof hubUserNames)[number], subject: string) => {
  const pub = permissions.get(name)?.pub;
  return allowed(pub?.allow, subject) && !allowed(pub?.deny, subject);
};

const services = hubUserNames.filter((name) => !['admin', 'gateway', 'streams'].includes(name));

test.each(services)('%s states its own facts and nobody else’s', (name) => {
  expect(mayPublish(name, `evt.${name}.v1.something-happened`)).toBe(true);
  for (const other of services.filter((service) => service !== name)) {
    expect(mayPublish(name, `evt.${other}.v1.something-happened`)).toBe(false);
    expect(mayPublish(name, `$JS.API.CONSUMER.MSG.NEXT.FACTS.${other}`)).toBe(false);
    expect(mayPublish(name, `$JS.ACK.FACTS.${other}.1.1.1.1.1`)).toBe(false);
  }
});

test.each(services)('%s answers its own requests only', (name) => {
  const sub = permissions.get(name)?.sub;
  expect(allowed(sub?.allow, `req.${name}.v1.do-it`)).toBe(true);
  expect(allowed(sub?.allow, 'req.gateway.v1.do-it')).toBe(false);
  expect(allowed(sub?.allow, 'evt.contracts.v1.contract-accepted')).toBe(false);
});

test.each(hubUserNames.filter((name) => name !== 'admin'))('%s hears answers to itself only', (name) => {
  const sub = permissions.get(name)?.sub;
  for (const other of hubUserNames) {
    expect(allowed(sub?.allow, `_INBOX.${other}.x.1`)).toBe(other === name);
  }
  expect(allowed(sub?.allow, '_INBOX.x.1')).toBe(false);
});

test('each asks what it is declared to ask', () => {
  for (const name of hubUserNames.filter((user) => user !== 'admin')) {
    for (const declaration of [...Object.values(requests), ...Object.values(allEndpoints)]) {
      const isLocal = 'local' in declaration && declaration.local === true;
      expect([name, declaration.subject, mayPublish(name, declaration.subject)]).toEqual([
        name,
        declaration.subject,
        !isLocal && askersOf(declaration).includes(name),
      ]);
    }
  }
});

test('streams are changed by start-up alone', () => {
  for (const name of hubUserNames.filter((user) => user !== 'admin')) {
    for (const stream of [
      ...Object.keys(streams),
      ...Object.values(buckets).map((one) => `KV_${one.name}`),
    ]) {
      const isOwn = name === 'streams' && stream in streams;
      expect(mayPublish(name, `$JS.API.STREAM.UPDATE.${stream}`)).toBe(isOwn);
      const mayPurge = name === 'agents' && stream === 'AGENT_EVT';
      expect(mayPublish(name, `$JS.API.STREAM.PURGE.${stream}`)).toBe(mayPurge);
      expect(mayPublish(name, `$JS.API.STREAM.MSG.DELETE.${stream}`)).toBe(false);
    }
  }
});

test('only the coordinator gives orders to agents', () => {
  for (const name of hubUserNames.filter((user) => user !== 'admin')) {
    expect(mayPublish(name, 'agent.cmd.v1.AXYZ.provision')).toBe(name === 'agents');
    expect(mayPublish(name, '$JS.API.CONSUMER.CREATE.AGENT_CMD.AXYZ')).toBe(name === 'agents');
  }
});

test('nobody but the admin deletes streams, and nobody forges what agents say', () => {
  for (const name of hubUserNames.filter((user) => user !== 'admin')) {
    for (const stream of ['FACTS', 'AGENT_CMD', 'AGENT_EVT', 'DEAD_LETTERS']) {
      expect(mayPublish(name, `$JS.API.STREAM.DELETE.${stream}`)).toBe(false);
    }
    expect(mayPublish(name, 'agent.evt.v1.AXYZ.provisioned')).toBe(false);
    expect(mayPublish(name, 'agent.hb.v1.AXYZ')).toBe(false);
  }
});

test('the gateway makes consumers of its own and leaves the services’ alone', () => {
  expect(mayPublish('gateway', '$JS.API.CONSUMER.CREATE.FACTS.live-1.evt.contracts.v1.x')).toBe(true);
  for (const { name } of Object.values(buckets)) {
    expect(mayPublish('gateway', `$KV.${name}.abc`)).toBe(true);
    expect(mayPublish('gateway', `$JS.API.STREAM.CREATE.KV_${name}`)).toBe(true);
    expect(mayPublish('gateway', `$JS.API.DIRECT.GET.KV_${name}`)).toBe(true);
    expect(mayPublish('gateway', `$JS.API.STREAM.DELETE.KV_${name}`)).toBe(false);
  }
  expect(mayPublish('gateway', '$JS.API.CONSUMER.CREATE.FACTS.contracts')).toBe(false);
  expect(mayPublish('gateway', '$JS.API.CONSUMER.DELETE.FACTS.payments')).toBe(false);
  expect(mayPublish('gateway', 'evt.payments.v1.refund-issued')).toBe(false);
});
