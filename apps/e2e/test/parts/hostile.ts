import { createSigner, generateKeyPair, type KeyPair } from '@decent-cloud/identity';
import { printExactJson } from '@decent-cloud/kernel';
import { allEndpoints } from '@decent-cloud/messages/endpoints';
import type { EndpointDeclaration } from '@decent-cloud/messages/wire';
import { KeyHolder, sendAs } from '../../src/key-holder.ts';
import { outcome, registered, takeAsFarAsPossible, walked } from '../../src/key-walk.ts';
import type { Platform } from '../../src/platform.ts';
import { Tenant } from '../../src/tenant.ts';

/** What callers put where something else belongs: as a path parameter, a query, a body. */
const PARAMS = [
  'x',
  '%00',
  '..%2f..%2fetc',
  '%F0%9F%92%A9'.repeat(20),
  "'%20or%201=1--",
  '-1',
  '99999999999999999999',
];
const QUERIES = [
  'q=%00',
  'status=%00',
  'limit=-1',
  'limit=1e9',
  'offset=x',
  'cursor=%00',
  'limit=1&limit=2',
  'publicKey=zz&q=%25',
];
const DEEP = `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`;
const BODIES: readonly (readonly [name: string, text: string])[] = [
  ['nothing', ''],
  ['null', 'null'],
  ['a list', '[]'],
  ['a string', '"x"'],
  ['an empty object', '{}'],
  ['a deep object', DEEP],
  ['prototype members', '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{}}}'],
  ['half of an object', '{"a":'],
  ['a NUL byte', '{"username":"a\\u0000b","name":"a\\u0000b","memo":"a\\u0000b","label":"\\u0000"}'],
  ['a lone surrogate', '{"username":"\\ud800","name":"\\ud800","memo":"\\ud800"}'],
];
/** Values of a wrong kind for every member that the endpoint knows. */
const WRONG_VALUES = [
  '-1',
  '1e400',
  '18446744073709551616',
  '{}',
  '[[]]',
  'true',
  '"\\u0000"',
  `"${'x'.repeat(70_000)}"`,
];
const INVITER = 'malvin';

/**
 * What nobody should send, to every endpoint and as everybody. The platform must let one address guess often:
 * `WRONG_GUESSES_PER_MINUTE`.
 */
export function hostile(running: () => Platform): void {
  describe('what nobody should send', () => {
    let platform: Platform;
    let tenant: Tenant;
    let ownKey: KeyPair;
    let saidBefore: number;
    const kinds = new Set<string>();

    beforeAll(async () => {
      platform = running();
      saidBefore = platform.output.length;
      tenant = await Tenant.create(platform.apiUrl, 'eve', 5);
      ownKey = await tenant.keyPair();
    }, 180_000);
    afterAll(() => tenant?.leave());

    interface Sent {
      readonly declaration: EndpointDeclaration;
      readonly path: string;
      readonly query?: string;
      readonly body?: string;
    }

    async function send({
      declaration,
      path,
      query = '',
      body: given = '',
    }: Sent): Promise<{ status: number; text: string }> {
      const body = declaration.method === 'GET' ? '' : given;
      const isAgents = declaration.auth === 'agent';
      const signer = createSigner(isAgents ? generateKeyPair() : ownKey, { version: 1, agent: isAgents });
      const bytes = new TextEncoder().encode(body);
      const headers = await signer.sign({
        ...{ method: declaration.method, host: new URL(platform.apiUrl).host, path, query, body: bytes },
        ...{ timestampNs: BigInt(Date.now()) * 1_000_000n, nonce: crypto.randomUUID() },
      });
      const hasBody = body !== '';
      const response = await fetch(`${platform.apiUrl}${path}${query && `?${query}`}`, {
        method: declaration.method,
        headers: { ...headers, ...(hasBody && { 'content-type': 'application/json' }) },
        ...(hasBody && { body: bytes }),
        signal: AbortSignal.timeout(15_000),
      });
      return { status: response.status, text: await response.text() };
    }

    /** Whatever it was, the answer is one of ours: no fault, and a refusal says what was wrong. */
    function judge(kind: string, sent: Sent, { status, text }: { status: number; text: string }): void {
      kinds.add(kind);
      const where = `${sent.declaration.method} ${sent.path}?${sent.query ?? ''} ${(sent.body ?? '').slice(0, 120)}`;
      expect({ where, status: status >= 500 ? `${status} ${text}` : 'below 500' }).toEqual({
        where,
        status: 'below 500',
      });
      expect({ where, text }).not.toEqual({ where, text: expect.stringContaining('SIGNATURE_INVALID') });
      if (status === 200) return;
      expect({ where, answer: JSON.parse(text) }).toEqual({
        where,
        answer: {
          error: expect.stringMatching(/\S/),
          // Clients of another protocol get what they know, and nothing besides.
          ...(!sent.declaration.bareRefusals && {
            success: false,
            code: expect.stringMatching(/^[A-Z_]+$/),
            requestId: expect.stringMatching(/\S/),
          }),
        },
      });
    }

    /** The declared example with one member wrong at a time: only so does a bad value get past the other checks. */
    function oneMemberWrong(declaration: EndpointDeclaration): [kind: string, body: string][] {
      const schema = declaration.body as
        | { meta?: () => { examples?: unknown[] } | undefined; shape?: object }
        | undefined;
      const example = (schema?.meta?.()?.examples?.[0] ?? {}) as Record<string, unknown>;
      const members = new Set([...Object.keys(example), ...Object.keys(schema?.shape ?? {})]);
      return [...members].flatMap((member) =>
        WRONG_VALUES.map((value): [string, string] => {
          const others = Object.entries(example).filter(([name]) => name !== member);
          const printed = others
            .map(([name, other]) => `${JSON.stringify(name)}:${printExactJson(other)},`)
            .join('');
          return [`one member ${value.slice(0, 20)}`, `{${printed}${JSON.stringify(member)}:${value}}`];
        }),
      );
    }

    const services = Object.entries(allEndpoints).filter(([, declaration]) => !declaration.local);

    test.each(services)(
      '%s refuses what it cannot use, and lives on',
      async (_name, declaration) => {
        const own: Record<string, string> = {
          pubkey: ownKey.publicKeyHex,
          username: 'eve',
          id: 'ab'.repeat(32),
        };
        const fill = (other?: string) =>
          declaration.path.replaceAll(/\{([^}]*)\}/g, (_, name: string) =>
            other !== undefined && name !== 'pubkey' ? other : (own[name] ?? '1'),
          );
        const path = fill();
        const sents: [string, Sent][] = [];
        if (path !== declaration.path) {
          for (const param of PARAMS)
            sents.push([`param ${param}`, { declaration, path: fill(param), body: '{}' }]);
        }
        for (const query of QUERIES) sents.push([`query ${query}`, { declaration, path, query, body: '{}' }]);
        if (declaration.method !== 'GET') {
          for (const [kind, body] of oneMemberWrong(declaration))
            sents.push([kind, { declaration, path, body }]);
          for (const [name, body] of BODIES) sents.push([`body ${name}`, { declaration, path, body }]);
          const members = Object.keys((declaration.body as { shape?: object } | undefined)?.shape ?? {});
          for (const value of WRONG_VALUES) {
            const body = `{${members.map((member) => `${JSON.stringify(member)}:${value}`).join(',')}}`;
            sents.push([`members ${value.slice(0, 20)}`, { declaration, path, body }]);
          }
        }
        for (const [kind, sent] of sents) judge(kind, sent, await send(sent));
      },
      60_000,
    );

    describe('whoever names the key of another', () => {
      let mallory: KeyPair;
      let stranger: KeyPair;
      let victim: KeyHolder;
      let twin: KeyHolder;
      let invitation: { id: string };
      let lookedUp: string;

      beforeAll(async () => {
        const { apiUrl } = platform;
        [mallory, stranger] = [await registered(apiUrl, INVITER), await registered(apiUrl, 'trent')];
        [victim, twin] = [new KeyHolder(apiUrl), new KeyHolder(apiUrl)];
        invitation = await takeAsFarAsPossible(apiUrl, mallory, INVITER, victim);
        lookedUp = (await victim.call('GET', '/accounts', undefined, `publicKey=${victim.publicKey}`)).code;
        const offerings: { id: number; offering_id: string }[] = await tenant.dc.json([
          'contract',
          'list-offerings',
        ]);
        const demo = offerings.find(({ offering_id }) => offering_id === 'demo-small')?.id ?? 0;
        for (const holder of [victim, twin]) await holder.settle(BigInt(demo));
      }, 60_000);

      test.each(walked)('%s: gets nothing by it', async (_name, declaration) => {
        const call = victim.callOf(declaration);
        const [asInviter, asStranger] = [
          await sendAs(platform.apiUrl, mallory, call),
          await sendAs(platform.apiUrl, stranger, call),
        ];
        expect(outcome(asInviter)).toBe(outcome(asStranger));
        if (declaration.auth === 'self') expect(outcome(asInviter)).toBe('403 NOT_OWNER');
        if (declaration.auth === 'agent') expect(outcome(asInviter)).toBe('401 DELEGATION_MISSING');
      });

      test('changes nothing for the holder, nor by taking the word back', async () => {
        expect(lookedUp).toBe('ACCOUNT_NOT_FOUND');
        const path = `/accounts/${INVITER}/keys/${invitation.id}`;
        expect(outcome(await sendAs(platform.apiUrl, mallory, { method: 'DELETE', path }))).toBe('200 ok');
        const done: string[] = [];
        for (const [name, declaration] of walked) {
          const said: string[] = [];
          for (const holder of [victim, twin]) {
            const key = declaration.auth === 'agent' ? holder.agentKey : holder.key;
            said.push(outcome(await sendAs(platform.apiUrl, key, holder.callOf(declaration))));
          }
          expect([name, said[0]]).toEqual([name, said[1]]);
          if (said[0] === '200 ok') done.push(name);
        }
        expect(done).toEqual(
          expect.arrayContaining([
            'getWallet',
            'getContract',
            'listPools',
            'sendHeartbeat',
            'registerAccount',
          ]),
        );
        expect(done.length).toBeGreaterThan(30);
        expect(await victim.account()).toMatchObject({ username: `holder-${victim.publicKey.slice(0, 8)}` });
      }, 60_000);

      test('gets none of what is paid into its wallet', async () => {
        const topUpsOf = async (key: KeyPair): Promise<unknown[]> => {
          const wallet = { method: 'GET', path: `/users/${key.publicKeyHex}/wallet` };
          const { data } = await sendAs(platform.apiUrl, key, wallet);
          return data.recentLedger
            .filter((entry: { entryType: string }) => entry.entryType === 'topup')
            .map((entry: { amountE9s: unknown }) => entry.amountE9s);
        };
        expect(await topUpsOf(victim.key)).toContain(50_000_000_000);
        expect(await topUpsOf(victim.key)).toEqual(await topUpsOf(twin.key));
        expect(await topUpsOf(mallory)).toEqual([]);
      });
    });

    test('a shipped client’s second device joins by naming itself, and is the account from then on', async () => {
      const { apiUrl } = platform;
      const [first, second] = [await registered(apiUrl, 'shipped'), generateKeyPair()];
      const topUp = {
        method: 'POST',
        path: `/users/${first.publicKeyHex}/wallet/topup`,
        body: { amountUsd: 7 },
      };
      await sendAs(apiUrl, first, topUp);
      const added = await sendAs(apiUrl, first, {
        ...{ method: 'POST', path: '/accounts/shipped/keys', body: { newPublicKey: second.publicKeyHex } },
      });
      expect(added.data).toMatchObject({ id: expect.any(String), publicKey: second.publicKeyHex });
      const device = { method: 'PUT', path: `/accounts/shipped/keys/${added.data.id}` };
      await sendAs(apiUrl, first, { ...device, body: { deviceName: 'Tablet' } });
      const wallet = { method: 'GET', path: `/users/${first.publicKeyHex}/wallet` };
      expect(outcome(await sendAs(apiUrl, second, wallet))).toBe('403 NOT_OWNER');

      const named = await sendAs(apiUrl, second, { ...device, body: { deviceName: 'Phone' } });
      expect(named.data).toMatchObject({ id: added.data.id, isActive: true, deviceName: 'Phone' });
      const login = { method: 'GET', path: '/accounts', query: `publicKey=${second.publicKeyHex}` };
      expect((await sendAs(apiUrl, second, login)).data).toMatchObject({ username: 'shipped' });
      expect((await sendAs(apiUrl, second, wallet)).data).toMatchObject({ balanceE9s: 7_000_000_000 });
      const gone = { method: 'DELETE', path: `/accounts/shipped/keys/${added.data.id}` };
      expect((await sendAs(apiUrl, first, gone)).data).toMatchObject({ isActive: false });
      expect(outcome(await sendAs(apiUrl, second, wallet))).toBe('401 KEY_DISABLED');
    });

    test('these were many kinds; every service is up and none logged an error', async () => {
      expect(kinds.size).toBe(PARAMS.length + QUERIES.length + BODIES.length + 2 * WRONG_VALUES.length);
      expect(services.length).toBeGreaterThan(40);
      const status = (await (await fetch(`${platform.apiUrl}/api/v1/status`)).json()) as {
        data: { status: string };
      };
      expect(status.data.status).toBe('ok');
      expect(await platform.errors()).toEqual([]);
      expect(platform.output.slice(saidBefore).filter((line) => /starting it again/.test(line))).toEqual([]);
    });
  });
}
