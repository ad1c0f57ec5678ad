import { findAccount } from '@decent-cloud/messages/accounts';
import { updateAcmeTxt } from '@decent-cloud/messages/agents';
import {
  cancelContract,
  createContract,
  getContract,
  listMyContracts,
} from '@decent-cloud/messages/contracts';
import { getHealth } from '@decent-cloud/messages/gateway';
import { markRead } from '@decent-cloud/messages/notifications';
import { getOffering, searchOfferings } from '@decent-cloud/messages/offerings';
import { getWallet } from '@decent-cloud/messages/payments';
import { done, hangUp, PlayedApi, refuse, reply } from '../test/played-api.ts';
import { ApiError } from './api-error.ts';
import { type ClientOptions, createClient } from './client.ts';
import type { RequestToSign, Signer } from './signer.ts';

const KEY = 'ab'.repeat(32);
const AT_NS = 1_795_414_881_000_000_000n;

describe('the client', () => {
  const api = PlayedApi.forFile();
  const { seen, replies } = api;
  let waits: number[];
  let signed: RequestToSign[];
  beforeEach(() => {
    [waits, signed] = [[], []];
  });

  const signer: Signer = {
    publicKey: KEY,
    sign: (request) => {
      signed.push(request);
      return { 'X-Public-Key': KEY, 'X-Timestamp': `${request.timestampNs}`, 'X-Nonce': request.nonce };
    },
  };
  const client = (options: Partial<ClientOptions> = {}) =>
    createClient({
      baseUrl: api.baseUrl,
      signer,
      now: () => AT_NS,
      random: () => 0.5,
      sleep: async (ms) => void waits.push(ms),
      ...options,
    });
  const failure = async (call: Promise<unknown>): Promise<ApiError> => {
    const error = await call.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof ApiError)) throw new Error(`not refused: ${String(error)}`);
    return error;
  };

  it('prints path, query and body exactly and signs these very bytes', async () => {
    replies.push(done({ contractId: 'c', message: 'm' }), done([]));
    const body = { offering_db_id: 9_007_199_254_740_993n, ssh_pubkey: 'ssh-ed25519 ä' };
    await client().call(createContract, { body }, { idempotencyKey: 'k-1' });
    expect(seen[0]).toMatchObject({
      method: 'POST',
      url: '/api/v1/contracts',
      body: '{"offering_db_id":9007199254740993,"ssh_pubkey":"ssh-ed25519 ä"}',
      headers: { 'idempotency-key': 'k-1', 'x-public-key': KEY, 'content-type': 'application/json' },
    });
    expect(new TextDecoder().decode(signed[0]?.body)).toBe(seen[0]?.body);

    await client().call(listMyContracts, { params: { pubkey: KEY }, query: { status: 'a b', limit: 5 } });
    expect(seen[1]?.url).toBe(`/api/v1/users/${KEY}/contracts?status=a+b&limit=5`);
    expect(signed[1]).toMatchObject({
      method: 'GET',
      host: new URL(api.baseUrl).host,
      path: `/api/v1/users/${KEY}/contracts`,
      query: 'status=a+b&limit=5',
      timestampNs: AT_NS,
    });
  });

  it('sends the headers that an endpoint declares, and reads refusals without an envelope', async () => {
    const headers = { 'x-api-user': 'u', 'x-api-key': 'k' };
    replies.push(reply(200, '{"txt":"t"}'), reply(401, '{"error":"wrong"}'));
    const input = { headers, body: { subdomain: 'u', txt: 't' } };
    expect(await client().call(updateAcmeTxt, input)).toEqual({ txt: 't' });
    expect(seen[0]?.headers).toMatchObject(headers);
    expect(signed).toEqual([]);
    expect(await failure(client().call(updateAcmeTxt, input))).toMatchObject({
      status: 401,
      message: 'wrong',
    });
  });

  it('reads integers exactly, always as bigint, and takes new members', async () => {
    const entry = { id: 1, amountE9s: 5n, balanceAfterE9s: 2n ** 60n + 1n, entryType: 'topup', createdAt: 7 };
    replies.push(done({ balanceE9s: 2n ** 60n + 1n, recentLedger: [entry], brandNew: true }));
    const wallet = await client().call(getWallet, { params: { pubkey: KEY } });
    expect(wallet.balanceE9s).toBe(2n ** 60n + 1n);
    expect(wallet.recentLedger[0]?.amountE9s).toBe(5n);
  });

  it('reads plain answers and answers without data', async () => {
    replies.push(
      reply(200, '{"success":true,"message":"up","environment":"dev"}'),
      reply(200, '{"success":true}'),
    );
    expect(await client().call(getHealth)).toEqual({ success: true, message: 'up', environment: 'dev' });
    expect(await client().call(markRead, { params: { pubkey: KEY }, body: { ids: [1n] } })).toBeUndefined();
  });

  it('signs only what needs it, and says so when there is no key', async () => {
    const anonymous = client({ signer: undefined });
    replies.push(done([]), refuse(404, 'OFFERING_NOT_FOUND'), refuse(404, 'ACCOUNT_NOT_FOUND'));
    await client().call(searchOfferings);
    await failure(anonymous.call(getOffering, { params: { id: 3n } }));
    await failure(client().call(findAccount, { query: { publicKey: KEY } }, { sign: true }));
    expect(seen.map((one) => one.headers['x-public-key'])).toEqual([undefined, undefined, KEY]);
    const error = await failure(anonymous.call(getContract, { params: { id: KEY } }));
    expect(error).toMatchObject({ status: 0, reason: 'NO_KEY' });
    expect(seen).toHaveLength(3);
  });

  it('escapes path parameters and refuses to leave one out', async () => {
    replies.push(refuse(404, 'CONTRACT_NOT_FOUND'));
    await failure(client().call(getContract, { params: { id: '../a b' } }));
    expect(seen[0]?.url).toBe('/api/v1/contracts/..%2Fa%20b');
    await expect(client().call(getContract, { params: { id: '' } })).rejects.toThrow('parameter id');
    // @ts-expect-error left out, it does not compile
    await expect(client().call(getContract)).rejects.toThrow('parameter id');
    // @ts-expect-error of the wrong type, neither
    await expect(client().call(getContract, { params: { id: null } })).rejects.toBeDefined();
  });

  it('gives refusals their code and reason, also from proxies and with status 200', async () => {
    replies.push(refuse(409, 'OUT_OF_STOCK'), reply(502, 'Bad gateway', { 'content-type': 'text/plain' }));
    replies.push(reply(200, '{"success":false,"error":"Account not found"}'));
    const call = () => failure(client({ retries: 0 }).call(getContract, { params: { id: KEY } }));
    expect(await call()).toMatchObject({
      status: 409,
      code: 'CONFLICT',
      reason: 'OUT_OF_STOCK',
      message: 'no: OUT_OF_STOCK',
      requestId: 'r-1',
    });
    expect(await call()).toMatchObject({ status: 502, code: 'UNAVAILABLE', message: 'Bad gateway' });
    expect(await call()).toMatchObject({ status: 200, code: 'UNKNOWN', message: 'Account not found' });
  });

  it.each([
    ['another shape', '{"success":true,"data":{"contract_id":1}}'],
    ['no JSON', 'Welcome'],
  ])('does not hand on an answer of %s', async (_what, body) => {
    replies.push(reply(200, body));
    expect(await failure(client().call(getContract, { params: { id: KEY } }))).toMatchObject({
      reason: 'BAD_ANSWER',
    });
  });

  it.each([
    [200, 'NOT_THE_API', false],
    [404, 'NOT_THE_API', false],
    [502, undefined, true],
  ])(
    'takes a page of status %i for what it is, and says where it came from',
    async (status, reason, passing) => {
      replies.push(reply(status, '<!doctype html><h1>Welcome</h1>', { 'content-type': 'text/html' }));
      const error = await failure(client({ retries: 0 }).call(getContract, { params: { id: KEY } }));
      expect(error).toMatchObject({ status, reason, passing });
      expect(error.message).toBe(
        `${api.baseUrl} answered with a web page (status ${status}), not as the API does`,
      );
    },
  );

  describe('repeats', () => {
    const read = (options: Partial<ClientOptions> = {}) => client(options).call(searchOfferings);

    it('reads after 503, 429 and a broken connection, and waits as long as it is told', async () => {
      replies.push(refuse(503, 'SERVICE_UNAVAILABLE'), refuse(429, 'RATE_LIMITED', { 'retry-after': '7' }));
      replies.push(hangUp, done([]));
      expect(await read({ retries: 3 })).toEqual([]);
      // Half of 200, 400 and 800 ms, and the asked 7 s.
      expect(waits).toEqual([100, 7_200, 400]);
    });

    it('with a fresh nonce each time', async () => {
      replies.push(refuse(503, 'SERVICE_UNAVAILABLE'), refuse(404, 'CONTRACT_NOT_FOUND'));
      await failure(client().call(getContract, { params: { id: KEY } }));
      expect(new Set(signed.map((one) => one.nonce)).size).toBe(2);
    });

    it('stops after so many, and gives the last failure', async () => {
      for (let count = 0; count < 9; count++) replies.push(refuse(503, 'SERVICE_UNAVAILABLE'));
      expect(await failure(read())).toMatchObject({ status: 503, reason: 'SERVICE_UNAVAILABLE' });
      expect(seen).toHaveLength(3);
    });

    it('not when the wait would be too long', async () => {
      replies.push(refuse(429, 'RATE_LIMITED', { 'retry-after': '61' }));
      expect(await failure(read())).toMatchObject({ status: 429, retryAfterMs: 61_000 });
      expect(waits).toEqual([]);
    });

    it('no refusal', async () => {
      replies.push(refuse(404, 'OFFERING_NOT_FOUND'));
      await failure(read());
      expect(seen).toHaveLength(1);
    });

    it('while the first request with the key still runs', async () => {
      replies.push(hangUp, refuse(409, 'IDEMPOTENCY_KEY_IN_FLIGHT'), done('cancelled'));
      const input = { params: { id: KEY }, body: {} };
      expect(await client().call(cancelContract, input, { idempotencyKey: 'k' })).toBe('cancelled');
    });

    it('writing calls only with an idempotency key, and then with the same one', async () => {
      const input = { params: { id: KEY }, body: {} };
      replies.push(hangUp);
      expect(await failure(client().call(cancelContract, input))).toMatchObject({
        status: 0,
        reason: 'NETWORK',
      });
      expect(seen).toHaveLength(1);
      replies.push(hangUp, done('cancelled'));
      expect(await client().call(cancelContract, input, { idempotencyKey: 'k' })).toBe('cancelled');
      expect(seen.slice(1).map((one) => one.headers['idempotency-key'])).toEqual(['k', 'k']);
    });
  });

  it('gives up on an answer that does not come', async () => {
    replies.push(() => undefined);
    const slow = client({ timeoutMs: 20, retries: 0 });
    expect(await failure(slow.call(searchOfferings))).toMatchObject({ status: 0, reason: 'TIMEOUT' });
  });

  it('passes on why the caller aborted', async () => {
    const abort = new AbortController();
    replies.push(() => abort.abort(new Error('left the page')));
    await expect(client().call(searchOfferings, {}, { signal: abort.signal })).rejects.toThrow(
      'left the page',
    );
  });

  describe('with a wrong clock', () => {
    const date = new Date(Number(AT_NS / 1_000_000n) + 3_600_000).toUTCString();
    const expired = () => refuse(401, 'SIGNATURE_EXPIRED', { date });

    it('learns the right time, sends again, also writing calls, and remembers', async () => {
      replies.push(expired(), done('cancelled'), done('cancelled'));
      const late = client();
      const input = { params: { id: KEY }, body: {} };
      expect(await late.call(cancelContract, input)).toBe('cancelled');
      await late.call(cancelContract, input);
      const hourLater = AT_NS + 3_600_000_000_000n;
      expect(signed.map((one) => one.timestampNs)).toEqual([AT_NS, hourLater, hourLater]);
    });

    it('does so once only', async () => {
      replies.push(expired(), expired());
      const error = await failure(client().call(getContract, { params: { id: KEY } }));
      expect(error).toMatchObject({ status: 401, reason: 'SIGNATURE_EXPIRED' });
      expect(seen).toHaveLength(2);
    });

    it('does not for another 401', async () => {
      replies.push(refuse(401, 'SIGNATURE_INVALID', { date }));
      await failure(client().call(getContract, { params: { id: KEY } }));
      expect(seen).toHaveLength(1);
    });
  });
});
