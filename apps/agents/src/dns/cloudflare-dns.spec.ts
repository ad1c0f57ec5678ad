import { Metrics } from '@decent-cloud/runtime';
import { eventually, FakeCloudflare, type FakeDnsFault } from '@decent-cloud/testing';
import { CloudflareApi } from './cloudflare-api.ts';
import { CloudflareDns } from './cloudflare-dns.ts';
import { DnsError } from './dns-backend.ts';

let zone: FakeCloudflare;
let dns: CloudflareDns;
let metrics: Metrics;
let name: string;
let number = 0;

const driver = (token = zone.token) =>
  new CloudflareDns(
    new CloudflareApi({ url: `${zone.url}/`, zoneId: zone.zoneId, token }),
    metrics,
    Math.random,
  );
const asked = (method: string) => zone.requests.filter((request) => request.method === method).length;
const failureOf = async (work: Promise<void>): Promise<DnsError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DnsError);
  return error as DnsError;
};

beforeAll(async () => {
  zone = await FakeCloudflare.start();
});
afterAll(() => zone?.stop());
beforeEach(() => {
  zone.behave();
  zone.requests.length = 0;
  metrics = new Metrics('test');
  dns = driver();
  name = `k7m2p${++number % 10}.dc-${number}.gw.${zone.domain}`;
});

describe('an address', () => {
  test('is made with the time to live that agents count on, not behind a proxy', async () => {
    await dns.upsertA(name, '8.8.4.4');
    expect(zone.all().find((record) => record.name === name)).toMatchObject({
      type: 'A',
      content: '8.8.4.4',
      ttl: 300,
      proxied: false,
    });
  });

  test('is left alone when it is there, and changed when it is another', async () => {
    await dns.upsertA(name, '8.8.4.4');
    await dns.upsertA(name, '8.8.4.4');
    expect([asked('POST'), asked('PUT')]).toEqual([1, 0]);
    await dns.upsertA(name, '8.8.8.8');
    expect([asked('POST'), asked('PUT')]).toEqual([1, 1]);
    expect(zone.contents('A', name)).toEqual(['8.8.8.8']);
  });

  test('is the only one of its name, whoever made others; other types and names stay', async () => {
    zone.put('A', name, '9.9.9.9');
    zone.put('A', name, '8.8.4.4');
    zone.put('A', name, '1.1.1.1');
    zone.put('TXT', name, 'note');
    zone.put('A', `x.${name}`, '1.1.1.1');
    await dns.upsertA(name, '8.8.4.4');
    expect(zone.contents('A', name)).toEqual(['8.8.4.4']);
    await dns.deleteA(name);
    await dns.deleteA(name);
    expect(zone.contents('A', name)).toEqual([]);
    expect(zone.contents('TXT', name)).toEqual(['note']);
    expect(zone.contents('A', `x.${name}`)).toEqual(['1.1.1.1']);
  });

  test('made twice at the same moment is one record, and no error', async () => {
    // All have looked before the first one is made.
    zone.misbehave({ action: 'slow', method: 'POST', delayMs: 300 });
    await Promise.all(Array.from({ length: 4 }, () => dns.upsertA(name, '8.8.4.4')));
    expect(asked('POST')).toBe(4);
    expect(zone.contents('A', name)).toEqual(['8.8.4.4']);
  });

  test('that goes away while it is changed is made', async () => {
    await dns.upsertA(name, '8.8.4.4');
    zone.misbehave({ action: 'slow', method: 'PUT', delayMs: 300, times: 1 });
    const moving = dns.upsertA(name, '8.8.8.8');
    await eventually(() => asked('PUT') === 1);
    zone.remove('A', name);
    await moving;
    expect(zone.contents('A', name)).toEqual(['8.8.8.8']);
  });

  test('that cannot be is refused at once and not asked for again', async () => {
    zone.put('CNAME', name, 'elsewhere.example');
    expect(await failureOf(dns.upsertA(name, '8.8.4.4'))).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('81053'),
    });
    expect(asked('POST')).toBe(1);
  });
});

describe('texts', () => {
  const set = (...values: string[]) => dns.setTxt(name, async () => values);

  test('are exactly the wanted ones, short-lived; what stays is not touched', async () => {
    await set('one');
    await set('two', 'one');
    expect(zone.contents('TXT', name)).toEqual(['one', 'two']);
    expect(asked('POST')).toBe(2);
    await set('three', 'two');
    expect(zone.contents('TXT', name)).toEqual(['three', 'two']);
    expect([asked('POST'), asked('DELETE')]).toEqual([3, 1]);
    const ttls = zone.all().flatMap((record) => (record.name === name ? [record.ttl] : []));
    expect(ttls).toEqual([60, 60]);
  });

  test('that another writer adds meanwhile are not taken away', async () => {
    const wanted = ['mine'];
    zone.misbehave({ action: 'slow', method: 'GET', delayMs: 300, times: 1 });
    const writing = dns.setTxt(name, async () => wanted);
    await eventually(() => zone.requests.length === 1);
    wanted.push('of another');
    zone.put('TXT', name, 'of another');
    await writing;
    expect(zone.contents('TXT', name)).toEqual(['mine', 'of another']);
  });
});

test('a list that holds more than was asked for costs nothing of others', async () => {
  const others = `others.${name}`;
  for (const [type, owner] of [
    ['A', others],
    ['AAAA', name],
    ['TXT', name],
  ] as const)
    zone.put(type, owner, '8.8.8.8');
  zone.misbehave({ action: 'unfiltered', method: 'GET' });
  const before = zone.all().length;
  await dns.upsertA(name, '8.8.4.4');
  await dns.deleteA(name);
  expect(zone.all()).toHaveLength(before);
  await dns.setTxt(name, async () => ['mine']);
  expect(zone.all()).toHaveLength(before);
  expect([zone.contents('A', others), zone.contents('TXT', name)]).toEqual([['8.8.8.8'], ['mine']]);
});

describe('a vendor that misbehaves', () => {
  const passing: [string, FakeDnsFault][] = [
    ['fails once', { action: 'status', status: 500, times: 1 }],
    ['says 503 twice', { action: 'status', status: 503, times: 2 }],
    ['answers with a page of its proxy', { action: 'no-json', times: 1 }],
    ['asks to wait', { action: 'rate-limit', retryAfterSeconds: 1, times: 1 }],
    ['hangs up before', { action: 'drop-before', times: 1 }],
    ['does it and hangs up', { action: 'drop-after', method: 'POST', times: 1 }],
    ['is slow once', { action: 'slow', delayMs: 2_000, times: 1 }],
    ['is slow and does it all the same', { action: 'slow', method: 'POST', delayMs: 2_000, times: 1 }],
  ];

  test.each(passing)('%s: it is done all the same, once', async (_what, fault) => {
    zone.misbehave(fault);
    await dns.upsertA(name, '8.8.4.4');
    expect(zone.requests.length).toBeGreaterThan(2);
    expect(zone.contents('A', name)).toEqual(['8.8.4.4']);
  });

  test('deletes and hangs up: it is gone, and no error', async () => {
    await dns.upsertA(name, '8.8.4.4');
    zone.misbehave({ action: 'drop-after', method: 'DELETE', times: 1 });
    await dns.deleteA(name);
    expect(zone.contents('A', name)).toEqual([]);
  });

  test('deletes in the same moment as another: it is gone, and no error', async () => {
    await dns.upsertA(name, '8.8.4.4');
    zone.misbehave({ action: 'slow', method: 'DELETE', delayMs: 300 });
    await Promise.all(Array.from({ length: 4 }, () => dns.deleteA(name)));
    expect(asked('DELETE')).toBe(4);
    expect(zone.contents('A', name)).toEqual([]);
  });

  test('asks to wait for longer than there is time: told at once', async () => {
    zone.misbehave({ action: 'rate-limit', retryAfterSeconds: 60 });
    expect(await failureOf(dns.upsertA(name, '8.8.4.4'))).toMatchObject({ kind: 'unavailable' });
    expect(zone.requests).toHaveLength(1);
  });

  test('keeps failing: it is left alone for a while, and the gauge shows it', async () => {
    zone.misbehave({ action: 'status', status: 500 });
    for (let time = 0; time < 6; time++) {
      expect(await failureOf(dns.deleteA(name))).toMatchObject({ kind: 'unavailable' });
    }
    const before = zone.requests.length;
    expect(before).toBeGreaterThan(5);
    expect(await failureOf(dns.deleteA(name))).toMatchObject({
      message: expect.stringContaining('not asked'),
    });
    expect(zone.requests).toHaveLength(before);
    expect(await metrics.registry.metrics()).toMatch(/dc_breaker_open\{[^}]*cloudflare[^}]*\} 1/);
  });

  test('does not know the token: refused once, without a trial of others and without showing it', async () => {
    const wrong = 'a-secret-that-nobody-may-see';
    const error = await failureOf(driver(wrong).upsertA(name, '8.8.4.4'));
    expect(error).toMatchObject({ kind: 'refused', message: expect.stringContaining('9109') });
    expect(`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain(wrong);
    expect(zone.requests).toHaveLength(1);
  });
});
