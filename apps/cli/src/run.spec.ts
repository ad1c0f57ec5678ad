import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accountWithKeys } from '@decent-cloud/messages/accounts';
import { offering } from '@decent-cloud/messages/offerings';
import type { Command } from 'commander';
import { EXIT } from './exit.ts';
import { createProgram, run } from './run.ts';
import type { Surroundings } from './session.ts';

/** What the platform answers in this spec, by method and path. */
type Answers = Record<string, { status: number; body: unknown }>;

let home: string;
let server: Server;
let apiUrl: string;
let answers: Answers;
const seen: { method: string; url: string; body: string; key: string | undefined }[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => {
      body += piece;
    });
    request.on('end', () => {
      const { method = '', url = '' } = request;
      seen.push({ method, url, body, key: request.headers['idempotency-key'] as string | undefined });
      const answer = answers[`${method} ${url.split('?')[0]}`] ?? {
        status: 404,
        body: { success: false, error: 'no' },
      };
      response
        .writeHead(answer.status, { 'content-type': 'application/json' })
        .end(JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'dc-cli-'));
  answers = {};
  seen.length = 0;
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function dc(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const outside: Surroundings = {
    env: { DC_API_URL: apiUrl },
    home,
    stdout: (text) => {
      out += text;
    },
    stderr: (text) => {
      err += text;
    },
    stdin: async () => '',
    confirm: undefined,
    signal: new AbortController().signal,
  };
  return { code: await run(argv, outside), out, err };
}

const refusal = (status: number, code: string) => ({
  status,
  body: { success: false, error: `refused: ${code}`, code, requestId: 'r-1' },
});

const smallAgentOf = (providerPubkey: string) => ({
  ...{ agentPubkey: 'ab'.repeat(32), providerPubkey, permissions: [], expiresAtNs: null },
  ...{ label: null, createdAtNs: 1, active: true, poolId: 'p1', online: true, version: '1' },
  ...{ lastHeartbeatNs: 1, hostSize: { cpuCores: 2, memoryTotalMb: 4_096 } },
});

test('every command says what it does and shows an example', () => {
  const program = createProgram({
    outside: { stdout: () => undefined } as unknown as Surroundings,
    asJson: false,
    exitCode: 0,
  });
  const leaves = (command: Command): Command[] =>
    command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
  for (const command of leaves(program)) {
    let help = '';
    command.configureOutput({
      writeOut: (text) => {
        help += text;
      },
    });
    command.outputHelp();
    expect(command.description()).not.toBe('');
    expect(help).toMatch(/Example:\n {2}dc /);
    if (help.includes('contract get <id>')) expect(help).toContain('may be `last`');
  }
});

test('docs/command-line.md names every command', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/command-line.md'), 'utf8');
  const program = createProgram({
    outside: { stdout: () => undefined } as unknown as Surroundings,
    asJson: false,
    exitCode: 0,
  });
  const paths = (command: Command, above: string): string[] =>
    command.commands.length === 0
      ? [`${above}${command.name()}`]
      : command.commands.flatMap((one) => paths(one, `${above}${command.name()} `));
  for (const path of paths(program, '')) expect(page).toContain(`\`${path}`);
});

test('the commands on docs/command-line.md have the options that they are shown with', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/command-line.md'), 'utf8');
  const program = createProgram({ outside: {} as Surroundings, asJson: false, exitCode: 0 });
  const shown = [...page.matchAll(/`dc ([^`]*)`/g)].map(([, text = '']) => text);
  expect(shown.length).toBeGreaterThan(25);
  for (const text of shown) {
    let command: Command = program;
    for (const word of text.split(' '))
      command = command.commands.find((one) => one.name() === word) ?? command;
    const known = [...command.options, ...program.options].map((option) => option.long);
    for (const [option] of text.split(' -- ')[0]!.matchAll(/--[a-z-]+/g))
      expect([text, known]).toEqual([text, expect.arrayContaining([option])]);
  }
});

test('a noun without a verb shows its help', async () => {
  expect(await dc('contract')).toMatchObject({
    code: EXIT.usage,
    out: '',
    err: expect.stringContaining('list-offerings'),
  });
  expect(JSON.parse((await dc('contract', '--json')).out)).toEqual({
    error: {
      code: 'USAGE',
      reason: null,
      message: 'A command is missing',
      requestId: null,
      hint: expect.any(String),
    },
  });
});

test('a key is made for its owner only, never overwritten, never shown with its secret', async () => {
  const made = await dc('--json', 'identity', 'generate', '--name', 'me');
  expect(made.code).toBe(EXIT.ok);
  expect(statSync(join(home, '.decent-cloud/me.json')).mode & 0o777).toBe(0o600);
  expect((await dc('identity', 'generate', '--name', 'me')).code).not.toBe(EXIT.ok);
  for (const name of ['../me', '.hidden', 'a/b']) {
    expect((await dc('identity', 'generate', '--name', name)).code).not.toBe(EXIT.ok);
  }
  const secret = JSON.parse(readFileSync(join(home, '.decent-cloud/me.json'), 'utf8'))
    .secret_key_hex as string;
  for (const shown of [made, await dc('identity', 'show', 'me'), await dc('identity', 'list', '--json')]) {
    expect(shown.out + shown.err).not.toContain(secret);
  }
});

test.each([
  [401, 'SIGNATURE_INVALID', EXIT.authentication],
  [403, 'NOT_OWNER', EXIT.authentication],
  [404, 'CONTRACT_NOT_FOUND', EXIT.notFound],
  [409, 'TRANSITION_NOT_ALLOWED', EXIT.refused],
  [422, 'INSUFFICIENT_BALANCE', EXIT.refused],
  [400, 'INVALID_INPUT', EXIT.usage],
  [500, 'INTERNAL', EXIT.failure],
] as const)(
  'an answer %i (%s) is exit code %i, with reason, hint and request id',
  async (status, code, exitCode) => {
    await dc('identity', 'generate', '--name', 'me');
    const id = 'ab'.repeat(32);
    answers[`PUT /api/v1/contracts/${id}/cancel`] = refusal(status, code);
    const json = await dc('--json', 'contract', 'cancel', id);
    expect(json.code).toBe(exitCode);
    expect(JSON.parse(json.out).error).toMatchObject({
      reason: code,
      requestId: 'r-1',
      hint: expect.any(String),
    });
    const text = await dc('contract', 'cancel', id);
    expect(text).toMatchObject({ code: exitCode, out: '', err: expect.stringContaining(`refused: ${code}`) });
  },
);

test('wrong use, missing identity, no platform: each has its code', async () => {
  expect((await dc('contract', 'create')).code).toBe(EXIT.usage);
  expect((await dc('nonsense')).code).toBe(EXIT.usage);
  expect((await dc('wallet', 'show')).code).toBe(EXIT.configuration);
  await dc('identity', 'generate', '--name', 'me');
  const nowhere = await dc('--api-url', 'http://127.0.0.1:1', '--json', 'contract', 'get', 'ab'.repeat(32));
  expect(nowhere.code).toBe(EXIT.unreachable);
  expect(JSON.parse(nowhere.out).error.reason).toBe('NETWORK');
  expect(JSON.parse(nowhere.out).error.message).toContain('http://127.0.0.1:1 (bad port)');
});

test('what is empty is said, and asks nobody', async () => {
  await dc('identity', 'generate', '--name', 'me');
  for (const command of [
    ['contract', 'get', ''],
    ['account', 'get', ''],
    ['provider', 'pool', 'delete', ''],
  ]) {
    const ended = await dc(...command);
    expect(ended).toMatchObject({ code: EXIT.usage, out: '', err: expect.stringContaining('is empty') });
  }
  expect(seen).toEqual([]);
});

test('without a name the account is that of the identity', async () => {
  await dc('identity', 'generate', '--name', 'me');
  const account = {
    ...(accountWithKeys.meta() as { examples: Record<string, unknown>[] }).examples[0],
    username: 'alice',
  };
  answers['GET /api/v1/accounts'] = { status: 200, body: { success: true, data: account } };
  answers['GET /api/v1/accounts/alice/external-keys'] = { status: 200, body: { success: true, data: [] } };
  expect(await dc('account', 'get')).toMatchObject({ code: EXIT.ok, out: expect.stringContaining('alice') });
  expect((await dc('account', 'list-ssh-keys')).code).toBe(EXIT.ok);
  expect(seen.map(({ url }) => url.split('?')[0])).toEqual([
    '/api/v1/accounts',
    '/api/v1/accounts',
    '/api/v1/accounts/alice/external-keys',
  ]);
});

test('another server is named, and its page is not shown', async () => {
  const page = createServer((_request, response) =>
    response.writeHead(404, { 'content-type': 'text/html' }).end('<!doctype html><h1>Welcome</h1>'),
  );
  await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(page.address() as AddressInfo).port}`;
  const ended = await dc('--api-url', url, 'offering', 'get', '1');
  page.close();
  expect(ended).toMatchObject({ code: EXIT.configuration, err: expect.stringContaining(url) });
  expect(ended.err).toContain('--api-url');
  expect(ended.err).not.toContain('Welcome');
});

test('keys are kept in ~/.decent-cloud, and those of before are still used', async () => {
  await dc('identity', 'generate', '--name', 'old');
  renameSync(join(home, '.decent-cloud'), join(home, '.dc-test-keys'));
  await dc('identity', 'generate', '--name', 'new');
  const listed = JSON.parse((await dc('--json', 'identity', 'list')).out) as { name: string }[];
  expect(listed.map(({ name }) => name)).toEqual(['new', 'old']);
  expect(existsSync(join(home, '.decent-cloud/new.json'))).toBe(true);
  expect((await dc('identity', 'generate', '--name', 'old')).code).toBe(EXIT.refused);
  expect((await dc('identity', 'delete', 'old', '--yes')).code).toBe(EXIT.ok);
  expect(existsSync(join(home, '.dc-test-keys/old.json'))).toBe(false);
});

test('an own offering is changed as a whole: what is not named is said again', async () => {
  await dc('identity', 'generate', '--name', 'me');
  const { publicKey } = JSON.parse((await dc('--json', 'identity', 'show', 'me')).out);
  const known = {
    ...(offering.meta() as { examples: Record<string, unknown>[] }).examples[0],
    post_provision_script: '#!/bin/sh\n',
  };
  answers['GET /api/v1/provider/my-offerings'] = { status: 200, body: { success: true, data: [known] } };
  answers[`PUT /api/v1/providers/${publicKey}/offerings/13`] = {
    status: 200,
    body: { success: true, data: 'ok' },
  };
  expect(await dc('offering', 'update', '13', '--monthly-price', '6.50')).toMatchObject({
    code: EXIT.ok,
    err: '',
  });
  const sent = JSON.parse(seen.at(-1)?.body ?? '{}') as Record<string, unknown>;
  expect(sent).toMatchObject({
    monthly_price: 6.5,
    offer_name: 'Small VPS',
    post_provision_script: '#!/bin/sh\n',
  });
  expect(sent).not.toHaveProperty('id');
  answers[`GET /api/v1/providers/${publicKey}/agent-delegations`] = {
    status: 200,
    body: { success: true, data: [smallAgentOf(publicKey)] },
  };
  expect((await dc('offering', 'update', '13', '--cores', '64')).err).toContain('warning: no agent can make');
  expect(await dc('offering', 'update', '14', '--stock', '1')).toMatchObject({ code: EXIT.notFound });
  expect(await dc('offering', 'update', '13')).toMatchObject({ code: EXIT.usage });
});

test('an offering that no agent can make is told of when it is there, and the result is as ever', async () => {
  await dc('identity', 'generate', '--name', 'me');
  const { publicKey } = JSON.parse((await dc('--json', 'identity', 'show', 'me')).out);
  const agent = smallAgentOf(publicKey);
  const agents = { status: 200, body: { success: true, data: [agent] } };
  answers[`POST /api/v1/providers/${publicKey}/offerings`] = {
    status: 200,
    body: { success: true, data: 13 },
  };
  answers[`GET /api/v1/providers/${publicKey}/agent-delegations`] = agents;
  answers[`GET /api/v1/providers/${publicKey}/pools/p1/agents`] = agents;
  const create = ['offering', 'create', '--offering-id', 'x', '--title', 'X', '--monthly-price', '1'];
  const warned = {
    code: EXIT.ok,
    out: expect.stringContaining('13'),
    err: expect.stringContaining('warning: no agent can make this machine'),
  };
  expect(await dc(...create, '--cores', '64')).toMatchObject(warned);
  expect(await dc(...create, '--memory', '5 GB', '--pool-id', 'p1')).toMatchObject(warned);
  expect(await dc(...create, '--cores', '2', '--memory', '4 GB')).toMatchObject({ code: EXIT.ok, err: '' });
  const many = { status: 200, body: { success: true, data: Array.from({ length: 200 }, () => agent) } };
  answers[`GET /api/v1/providers/${publicKey}/agent-delegations`] = many;
  expect(await dc(...create, '--cores', '64')).toMatchObject({ code: EXIT.ok, err: '' });
  answers[`GET /api/v1/providers/${publicKey}/agent-delegations`] = refusal(403, 'FORBIDDEN');
  expect(await dc(...create, '--cores', '64')).toMatchObject({
    code: EXIT.ok,
    out: expect.stringContaining('13'),
    err: expect.stringContaining('not compared'),
  });
});

test('an agent is revoked; its machines are given up only where that is said', async () => {
  await dc('identity', 'generate', '--name', 'me');
  const { publicKey } = JSON.parse((await dc('--json', 'identity', 'show', 'me')).out);
  const agent = 'ab'.repeat(32);
  const call = `DELETE /api/v1/providers/${publicKey}/agent-delegations/${agent}`;
  answers[call] = {
    status: 409,
    body: { success: false, error: 'has machines', code: 'AGENT_HAS_MACHINES' },
  };
  expect(await dc('provider', 'revoke-agent', agent)).toMatchObject({
    code: EXIT.refused,
    err: expect.stringContaining('--give-up-machines'),
  });
  expect(seen.at(-1)?.url).not.toContain('machines=');
  answers[call] = { status: 200, body: { success: true, data: true } };
  expect(await dc('--json', 'provider', 'revoke-agent', agent, '--give-up-machines')).toMatchObject({
    code: EXIT.ok,
    out: `{"agentPubkey":"${agent}","revoked":true}\n`,
  });
  expect(seen.at(-1)?.url).toContain('?machines=give-up');
});

test('machines that nobody can remove any more are listed, as their agents named them', async () => {
  await dc('identity', 'generate', '--name', 'me');
  const { publicKey } = JSON.parse((await dc('--json', 'identity', 'show', 'me')).out);
  const left = {
    ...{ contractId: 'cd'.repeat(32), generation: 1, agentPubkey: 'ab'.repeat(32), agentLabel: null },
    ...{ externalId: 'dc-\u001b[2Jcdcd-g1', absentSinceNs: 0 },
  };
  const call = `GET /api/v1/providers/${publicKey}/leftover-machines`;
  answers[call] = { status: 200, body: { success: true, data: [left] } };
  const { code, out } = await dc('provider', 'leftover-machines');
  expect([code, out]).toEqual([EXIT.ok, expect.stringContaining('1970-01-01 00:00:00Z')]);
  expect(out).toContain('dc- [2Jcdcd-g1');
  expect(JSON.parse((await dc('--json', 'provider', 'leftover-machines')).out)).toEqual([left]);
  answers[call] = { status: 200, body: { success: true, data: [] } };
  expect((await dc('provider', 'leftover-machines')).out).toBe('No machines are left over\n');
});

test('a type of machines that is none is refused where it is said', async () => {
  await dc('identity', 'generate', '--name', 'me');
  const pool = ['provider', 'pool', 'create', '--name', 'B', '--location', 'europe', '--provisioner-type'];
  expect(await dc(...pool, 'locl')).toMatchObject({
    code: EXIT.usage,
    err: expect.stringContaining('local'),
  });
  expect(seen).toEqual([]);
});

test('`last` is the newest rental; what makes something carries a key', async () => {
  await dc('identity', 'generate', '--name', 'me');
  const { publicKey } = JSON.parse((await dc('--json', 'identity', 'show', 'me')).out);
  const id = 'cd'.repeat(32);
  const contract = {
    ...{
      contract_id: id,
      requester_pubkey: publicKey,
      requester_ssh_pubkey: 'ssh-ed25519 A',
      requester_contact: '',
    },
    ...{
      provider_pubkey: publicKey,
      offering_id: 'x',
      payment_amount_e9s: 1,
      request_memo: '',
      created_at_ns: 1,
    },
    ...{ status: 'active', payment_method: 'wallet', payment_status: 'succeeded', currency: 'USD' },
    ...{ cancel_at_period_end: false, auto_renew: false },
  };
  answers[`GET /api/v1/users/${publicKey}/contracts`] = {
    status: 200,
    body: { success: true, data: [contract] },
  };
  answers[`PUT /api/v1/contracts/${id}/cancel`] = { status: 200, body: { success: true, data: 'done' } };
  expect(await dc('--json', 'contract', 'cancel', 'last')).toMatchObject({
    code: 0,
    out: `{"contractId":"${id}","message":"done"}\n`,
  });
  expect(seen.at(-1)?.key).toMatch(/^[0-9a-f-]{36}$/);
  await dc('contract', 'cancel', id, '--idempotency-key', 'mine');
  expect(seen.at(-1)?.key).toBe('mine');
});

test('integers beyond 2^53 are printed as they are, text of others cannot steer the terminal', async () => {
  const offering = {
    ...{
      id: 1,
      offering_id: 'x',
      offer_name: 'evil\u001b[2Jname',
      currency: 'USD',
      monthly_price: 1,
      setup_fee: 0,
    },
    ...{ visibility: 'public', product_type: 'compute', billing_interval: 'hourly', billing_unit: 'hour' },
    ...{
      is_subscription: false,
      stock_status: 'in_stock',
      unmetered_bandwidth: false,
      datacenter_country: 'DE',
    },
    ...{ datacenter_city: '', is_draft: false },
  };
  answers['GET /api/v1/offerings'] = { status: 200, body: { success: true, data: [offering] } };
  const text = await dc('contract', 'list-offerings');
  expect(text.code).toBe(0);
  expect(text.out).not.toContain('\u001b');
  expect(JSON.parse((await dc('--json', 'contract', 'list-offerings')).out)).toHaveLength(1);
});
