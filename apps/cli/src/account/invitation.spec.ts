import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT } from '../exit.ts';
import { run } from '../run.ts';

const KEY = { id: 'c6'.repeat(16), publicKey: 'ab'.repeat(32), addedAt: 1, isActive: true };
const ACCOUNT = {
  ...{ id: '6e'.repeat(16), username: 'alice', createdAt: 1, updatedAt: 1 },
  ...{ publicKeys: [], isAdmin: false, emailVerified: true },
};
const ANSWERS: Readonly<Record<string, unknown>> = {
  'GET /api/v1/accounts': ACCOUNT,
  'POST /api/v1/accounts/alice/keys': { ...KEY, isActive: false, invited: true },
  'POST /api/v1/accounts/alice/keys/accept': KEY,
  [`DELETE /api/v1/accounts/alice/keys/${KEY.id}`]: { ...KEY, isActive: false },
};
let server: Server;
let home: string;
const seen: { what: string; body: string }[] = [];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'dc-invitation-'));
  server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    const what = `${request.method} ${request.url?.split('?')[0]}`;
    seen.push({ what, body });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ success: true, data: ANSWERS[what] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await dc('identity', 'generate', '--name', 'me');
});
beforeEach(() => {
  seen.length = 0;
});
afterAll(() => {
  server.close();
  rmSync(home, { recursive: true, force: true });
});

async function dc(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await run(argv, {
    env: { DC_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
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
  });
  return { code, out, err };
}

test('inviting a key says what its holder has to do', async () => {
  const invited = await dc('account', 'add-key', KEY.publicKey);
  expect(invited).toMatchObject({ code: EXIT.ok, out: expect.stringContaining('dc account accept alice') });
  expect(seen.at(-1)).toEqual({
    what: 'POST /api/v1/accounts/alice/keys',
    body: `{"newPublicKey":"${KEY.publicKey}"}`,
  });
});

test('an account is joined only when it was asked about or --yes is there, and nothing is shared by itself', async () => {
  expect(await dc('account', 'accept', 'alice')).toMatchObject({
    code: EXIT.usage,
    err: expect.stringContaining('join the account "alice"?'),
  });
  expect(seen).toEqual([]);
  expect((await dc('--yes', 'account', 'accept', 'alice')).code).toBe(EXIT.ok);
  expect((await dc('--yes', 'account', 'accept', 'alice', '--share')).code).toBe(EXIT.ok);
  expect(seen.map(({ body }) => body)).toEqual(['{"share":false}', '{"share":true}']);
});

test('declining names the account that has invited', async () => {
  expect((await dc('--yes', 'account', 'remove-key', KEY.id, '--username', 'alice')).code).toBe(EXIT.ok);
  expect(seen.map(({ what }) => what)).toEqual([`DELETE /api/v1/accounts/alice/keys/${KEY.id}`]);
});
