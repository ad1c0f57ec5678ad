import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { accountWithKeys } from '@decent-cloud/messages/accounts';
import type { Command } from 'commander';
import { CannedDesk, ok, refusal } from '../test/canned-desk.ts';
import { EXIT } from './exit.ts';
import { createProgram } from './run.ts';
import type { Surroundings } from './session.ts';

const { dc, answers, seen, makeIdentity } = CannedDesk.forFile();

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
    await makeIdentity();
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
  await makeIdentity();
  const nowhere = await dc('--api-url', 'http://127.0.0.1:1', '--json', 'contract', 'get', 'ab'.repeat(32));
  expect(nowhere.code).toBe(EXIT.unreachable);
  expect(JSON.parse(nowhere.out).error.reason).toBe('NETWORK');
  expect(JSON.parse(nowhere.out).error.message).toContain('http://127.0.0.1:1 (bad port)');
});

test('what is empty is said, and asks nobody', async () => {
  await makeIdentity();
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
  await makeIdentity();
  const account = {
    ...(accountWithKeys.meta() as { examples: Record<string, unknown>[] }).examples[0],
    username: 'alice',
  };
  answers['GET /api/v1/accounts'] = ok(account);
  answers['GET /api/v1/accounts/alice/external-keys'] = ok([]);
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

test('`last` is the newest rental; what makes something carries a key', async () => {
  const publicKey = await makeIdentity();
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
  answers[`GET /api/v1/users/${publicKey}/contracts`] = ok([contract]);
  answers[`PUT /api/v1/contracts/${id}/cancel`] = ok('done');
  expect(await dc('--json', 'contract', 'cancel', 'last')).toMatchObject({
    code: 0,
    out: `{"contractId":"${id}","message":"done"}\n`,
  });
  expect(seen.at(-1)?.idempotencyKey).toMatch(/^[0-9a-f-]{36}$/);
  await dc('contract', 'cancel', id, '--idempotency-key', 'mine');
  expect(seen.at(-1)?.idempotencyKey).toBe('mine');
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
  answers['GET /api/v1/offerings'] = ok([offering]);
  const text = await dc('contract', 'list-offerings');
  expect(text.code).toBe(0);
  expect(text.out).not.toContain('\u001b');
  expect(JSON.parse((await dc('--json', 'contract', 'list-offerings')).out)).toHaveLength(1);
});
