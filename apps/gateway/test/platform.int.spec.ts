import { printExactJson, secondsToNs } from '@decent-cloud/kernel';
import { type FactInput, facts, innerServiceNames, streams } from '@decent-cloud/messages';
import { allEndpoints } from '@decent-cloud/messages/endpoints';
import { offering, searchOfferings } from '@decent-cloud/messages/offerings';
import { countForRent, resolveKey } from '@decent-cloud/messages/requests';
import { answerRequests, eventually, sayText, serviceKeysFor, TestHub } from '@decent-cloud/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { type RunningGateway, startGateway } from '../src/start-gateway.ts';
import { keyPair, nowNs, send } from './send.ts';

const ACCOUNT = 'a'.repeat(32);
const alice = keyPair();
let hub: TestHub;
let services: NatsConnection;
let gateway: RunningGateway;
/** What services tell of the time, when they do. */
let toldNs: () => bigint | undefined = () => undefined;
const running: RunningGateway[] = [];

async function start(): Promise<RunningGateway> {
  const started = await startGateway({
    env: {
      NATS_URL: hub.nats.url,
      SERVICE_KEYS: serviceKeysFor('gateway'),
      NATS_CREDS_FILE: await hub.credsFile('gateway'),
      ENVIRONMENT: 'dev',
      PORT: '0',
      OPS_PORT: '0',
      LOG_LEVEL: 'warn',
      PUBLIC_URL: 'https://api.example',
      RATE_LIMIT_ENABLED: 'true',
      TRUSTED_PROXIES: '127.0.0.1',
    },
    handleSignals: false,
  });
  running.push(started);
  return started;
}

beforeAll(async () => {
  hub = await TestHub.start();
  services = await hub.service('admin');
  const manager = await jetstreamManager(services);
  await manager.streams.add({ name: streams.FACTS.name, subjects: [...streams.FACTS.subjects] });
  for (const name of innerServiceNames.filter((service) => service !== 'agents')) {
    const failing = name === 'payments' ? ['streams'] : [];
    services.subscribe(`req.${name}.v1.ping`, {
      callback: (_error, message) =>
        void message.respond(
          JSON.stringify({ data: { version: '0.1.0', failing, nowNs: toldNs()?.toString() } }),
        ),
    });
  }
  answerRequests(services, countForRent, () => ({ count: 3 }));
  answerRequests(services, resolveKey, () => ({ status: 'active' as const, accountId: ACCOUNT }));
  const sample = offering.meta()?.examples?.[0] as Record<string, unknown>;
  answerRequests(services, searchOfferings, () => [
    { ...sample, id: 77n, offer_name: '<script>alert(1)</script> & "more"' } as never,
  ]);
  gateway = await start();
}, 30_000);
afterAll(async () => {
  for (const one of running) await one.stop();
  await hub?.stop();
});

describe('with all declared endpoints and only the permissions of a gateway', () => {
  it('signed requests, tickets and live updates work', async () => {
    const issued = await eventually(async () => {
      const answer = await send(gateway.port, { method: 'POST', path: '/api/v1/events/ticket', as: alice });
      return answer.status === 200 ? answer : undefined;
    });
    const { ticket } = issued.json.data as { ticket: string };
    const abort = new AbortController();
    const lastId = (await sayText(services, facts.walletChanged.subject, walletText(1n))).seq - 1;
    await sayText(services, facts.walletChanged.subject, walletText(2n));
    // It was not there when these were said: it reads them from the stream.
    const later = await start();
    const path = `/api/v1/events?ticket=${ticket}&last_event_id=${lastId}`;
    const response = await eventually(async () => {
      const answer = await fetch(`http://127.0.0.1:${later.port}${path}`, { signal: abort.signal });
      return answer.status === 503 ? undefined : answer;
    });
    expect(response.status).toBe(200);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    await eventually(async () => {
      text += (await reader?.read())?.value ?? '';
      return text.includes('"amountE9s":1,') && text.includes('"amountE9s":2,');
    });
    abort.abort();
  });

  it('request counts are shared', async () => {
    const other = await start();
    const headers = { 'x-forwarded-for': '198.51.100.7' };
    await eventually(
      async () => {
        for (let index = 0; index < 10; index++) {
          await send(gateway.port, { method: 'POST', path: '/api/v1/agents/setup', headers });
        }
        return (
          (await send(other.port, { method: 'POST', path: '/api/v1/agents/setup', headers })).status === 429
        );
      },
      { everyMs: 500 },
    );
  });

  it('every declared endpoint has a route that is not found by nobody', async () => {
    const { port } = gateway;
    for (const declaration of Object.values(allEndpoints)) {
      for (const path of [declaration.path, ...(declaration.aliases ?? [])]) {
        const { headers, status } = await send(port, {
          method: 'OPTIONS',
          path: path.replaceAll(/\{[^}]*\}/g, '1'),
        });
        expect([path, status, headers.get('allow')?.split(', ').includes(declaration.method)]).toEqual([
          path,
          204,
          true,
        ]);
      }
    }
  });

  it('says how it is', async () => {
    const health = await send(gateway.port, { path: '/api/v1/health' });
    expect(health.json).toEqual({
      success: true,
      message: 'Decent Cloud API is running',
      environment: 'dev',
    });
    const status = await send(gateway.port, { path: '/api/v1/status' });
    expect(status.json.data).toMatchObject({ status: 'degraded', version: '0.1.0', offeringsForRent: 3 });
    type Service = { name: string; up: boolean; failing?: string[] };
    const { services: all } = status.json.data as { services: Service[] };
    expect(all.filter(({ up }) => !up).map(({ name }) => name)).toEqual(['agents']);
    expect(all.filter(({ failing }) => failing)).toEqual([
      expect.objectContaining({ name: 'payments', up: true, failing: ['streams'] }),
    ]);
  });

  it('describes itself', async () => {
    const openapi = await send(gateway.port, { path: '/api/v1/openapi' });
    expect(openapi.json).toMatchObject({ openapi: '3.1.0', servers: [{ url: 'https://api.example' }] });
    const page = await send(gateway.port, { path: '/api/v1/swagger' });
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'; style-src 'sha256-/);
    expect(page.headers.get('content-security-policy')).toMatch(
      /script-src 'sha256-[^ ]*'; connect-src 'self'/,
    );
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe');
  });

  it('welcomes newcomers: safely, and with what is true', async () => {
    const page = await send(gateway.port, { path: '/' });
    expect(page.status).toBe(200);
    expect(page.text).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;more&quot;');
    expect(page.text).not.toContain('<script');
    expect(page.text).not.toMatch(/(src|href)="https?:/);
    expect(page.text).toContain('Part of the platform does not work');
    expect(page.text).toContain('up, but not well: streams');
    expect(page.text).toContain('--offering-id 77 ');
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe');
  });

  it('serves what mails link to, for the rental of the link', async () => {
    const id = 'ab'.repeat(32);
    const page = await send(gateway.port, { path: `/dashboard/rentals?contract=${id}` });
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(page.text).toContain(`npx dc contract get ${id}`);
    expect((await send(gateway.port, { path: '/dashboard/nothing' })).status).toBe(404);
    const twice = await send(gateway.port, { path: `/dashboard/rentals?contract=${id}&contract=x` });
    expect(twice.text).toContain('npx dc contract get last');
  });
});

test.each([7_200, -7_200])(
  'while its clock is %i s ahead of the services no signature is judged by it; what needs no time works',
  async (ahead) => {
    toldNs = () => nowNs() - secondsToNs(ahead);
    const late = await start();
    const ticket = () => send(late.port, { method: 'POST', path: '/api/v1/events/ticket', as: alice });
    const refused = await ticket();
    expect(refused.status).toBe(503);
    expect(refused.json).toMatchObject({
      code: 'CLOCK_WRONG',
      error: 'A clock of the platform is wrong: nothing was changed',
    });
    const status = await send(late.port, { path: '/api/v1/status' });
    expect(status.json.data).toMatchObject({
      services: expect.arrayContaining([{ name: 'gateway', up: true, failing: ['clock'] }]),
    });
    const ready = async () => (await fetch(`http://127.0.0.1:${late.opsPort}/health/ready`)).json();
    const how = ahead > 0 ? 'ahead of' : 'behind';
    expect(await ready()).toMatchObject({
      ready: false,
      checks: { clock: expect.stringContaining(`the clock here is 7200 s ${how} that of the services`) },
    });
    toldNs = nowNs;
    expect(await ready()).toMatchObject({ ready: true });
    expect((await ticket()).status).toBe(200);
    toldNs = () => undefined;
  },
  30_000,
);

function walletText(amountE9s: bigint): string {
  const payload: FactInput<typeof facts.walletChanged> = {
    accountId: ACCOUNT,
    entryType: 'topup',
    amountE9s,
    balanceE9s: amountE9s,
    currency: 'USD',
    atNs: nowNs(),
  };
  return printExactJson(payload);
}
