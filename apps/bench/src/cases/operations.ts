import { randomBytes } from 'node:crypto';
import { generateKeyPair, type KeyPair } from '@decent-cloud/identity';
import { topUpWallet } from '@decent-cloud/messages/payments';
import type { Case } from '../bench.ts';
import { measureCpu, totalCpuSeconds } from '../load/cpu.ts';
import { HttpLoad, type HttpRequest } from '../load/http-load.ts';
import { type Call, plainRequest, signedRequest } from '../load/signed-request.ts';
import { clientOf, fillMarket, type Market, newAccount } from '../platform/market.ts';
import type { Platform } from '../platform/platform.ts';
import { median, percentile } from '../report/percentile.ts';
import type { Result } from '../report/result.ts';

const CONNECTIONS = 16;
const ROUNDS = 3;
const RANK = 'reliability_order, trust_order, monthly_price_e9s, id';

interface Operation {
  readonly name: string;
  /** Checks of a signature that it may cost, all processes together. */
  readonly atMost: number;
  /** Requests in one round. */
  readonly count: number;
  /** Entries that the answer must have: an empty page is quick and measures nothing. */
  readonly entries?: number;
  /** Sets things in motion that go on after the answer. */
  readonly writes?: boolean;
  readonly note?: string;
}

export const OPERATIONS = {
  health: { name: 'health', atMost: 1, count: 3_000 },
  account: { name: 'account by name', atMost: 3, count: 1_500 },
  offering: { name: 'offering by id', atMost: 3, count: 1_500 },
  signedRead: { name: 'signed read (wallet)', atMost: 4.5, count: 1_200 },
  search: { name: 'search page, no filter', atMost: 12, count: 300, entries: 50 },
  searchCountry: { name: 'search page, country', atMost: 12, count: 300, entries: 50 },
  searchTypePrice: { name: 'search page, type and price', atMost: 12, count: 300, entries: 50 },
  searchCommon: { name: 'search by a common word', atMost: 20, count: 300, entries: 50 },
  searchRare: { name: 'search by a rare word', atMost: 20, count: 300, entries: 10 },
  searchDeep: { name: 'search page 1,000, by cursor', atMost: 12, count: 300, entries: 50 },
  signedWrite: { name: 'signed write (device name)', atMost: 9, count: 800, writes: true },
  registration: { name: 'registration', atMost: 18, count: 300, writes: true },
  rent: {
    name: 'rent (test payment, accepted)',
    atMost: 40,
    count: 160,
    writes: true,
    note: 'what follows while others still wait for their answers (facts, notifications, mails) is counted too',
  },
} as const satisfies Record<string, Operation>;
type Name = keyof typeof OPERATIONS;

export const operations: Case = {
  lines: Object.values(OPERATIONS).map(({ name }) => ({ bar: 'P14', name })),
  async run(bench) {
    const market = await bench.once(fillMarket);
    const { platform } = market;
    const load = new HttpLoad(platform.url, CONNECTIONS);
    bench.atEnd(async () => load.close());
    const make = await makersOf(market);
    const unit = await bench.verifyMicroseconds();
    const results: Result[] = [];
    for (const [name, operation] of Object.entries(OPERATIONS) as [Name, Operation][]) {
      if (!bench.wants({ bar: 'P14', name: operation.name })) continue;
      results.push(await measure({ platform, load, unit, operation, make: make[name] }));
    }
    return results;
  },
};

interface Measured {
  readonly platform: Platform;
  readonly load: HttpLoad;
  readonly unit: number;
  readonly operation: Operation;
  readonly make: Make;
}

async function measure({ platform, load, unit, operation, make }: Measured): Promise<Result> {
  const { name, atMost, count, writes = false, note } = operation;
  await load.drive(make(Math.ceil(count / 3)));
  if (operation.entries !== undefined) await assertEntries(load, make, operation.entries);
  const groups = await platform.groups();
  const micros: number[] = [];
  const parts: Record<string, number[]> = {};
  const milliseconds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const requests = make(count);
    if (writes || round === 0) await platform.quiet();
    const used = await measureCpu(groups, async () => milliseconds.push(...(await load.drive(requests))));
    micros.push((totalCpuSeconds(used) / count) * 1e6);
    for (const [part, seconds] of Object.entries(used.cpuSeconds)) {
      parts[part] ??= [];
      parts[part].push((seconds / count) * 1e6);
    }
  }
  const shares = Object.entries(parts).map(([part, values]) => `${part} ${Math.round(median(values))}`);
  const value = median(micros);
  return {
    bar: 'P14',
    name,
    measured: { value, unit: 'us' },
    yardstick: { what: 'crypto.verify', value: unit, unit: 'us' },
    ratio: value / unit,
    limit: { atMost },
    note: [
      `${shares.join(', ')} us; p50 ${percentile(milliseconds, 50).toFixed(1)} ms, p99 ${percentile(milliseconds, 99).toFixed(1)} ms with ${CONNECTIONS} callers`,
      ...(note === undefined ? [] : [note]),
    ].join('; '),
  };
}

async function assertEntries(load: HttpLoad, make: Make, wanted: number): Promise<void> {
  for (const request of make(1)) {
    const { data } = JSON.parse((await load.send(request)).text) as { data: unknown[] };
    if (data.length !== wanted) throw new Error(`${request.path} gave ${data.length} entries, not ${wanted}`);
  }
}

export type Make = (count: number) => HttpRequest[];

/** Requests of each kind, signed when they are made. */
async function makersOf(market: Market): Promise<Record<Name, Make>> {
  const { platform, offerings, providerName, firstId, count: offered } = market;
  const { host } = platform.url;
  const repeat =
    (call: () => Call): Make =>
    (count) =>
      Array.from({ length: count }, () => plainRequest(call()));
  const sign =
    (keyPair: KeyPair, call: () => Call): Make =>
    (count) =>
      Array.from({ length: count }, () => signedRequest(keyPair, host, call()));
  const get = (path: string): Make => repeat(() => ({ method: 'GET', path: `/api/v1${path}` }));
  const anyId = (): bigint => firstId + BigInt(Math.floor(Math.random() * offered));
  const tenant = await newAccount(platform, `tenant-${randomBytes(4).toString('hex')}`);
  await clientOf(platform, tenant.keyPair).call(topUpWallet, {
    params: { pubkey: tenant.keyPair.publicKeyHex },
    body: { amountUsd: 1, method: 'test' },
  });
  const [key] = tenant.account.publicKeys;
  const [deep] = await offerings.query<{ cursor: string }>(
    `select concat_ws('_', ${RANK}) as cursor from offering where is_listed order by ${RANK} offset 49949 limit 1`,
  );
  if (!key || !deep) throw new Error('the market is not filled');
  let next = 0;
  return {
    health: get('/health'),
    account: get(`/accounts/${providerName}`),
    offering: repeat(() => ({ method: 'GET', path: `/api/v1/offerings/${anyId()}` })),
    signedRead: sign(tenant.keyPair, () => ({
      method: 'GET',
      path: `/api/v1/users/${tenant.keyPair.publicKeyHex}/wallet`,
    })),
    search: get('/offerings'),
    searchCountry: get('/offerings?country=DE'),
    searchTypePrice: get('/offerings?product_type=gpu&max_price_monthly=100'),
    searchCommon: get('/offerings?q=machine'),
    searchRare: get('/offerings?q=zanzibar'),
    searchDeep: get(`/offerings?cursor=${deep.cursor}`),
    signedWrite: sign(tenant.keyPair, () => ({
      method: 'PUT',
      path: `/api/v1/accounts/${tenant.account.username}/keys/${key.id}`,
      body: { deviceName: `laptop ${next++}` },
    })),
    registration: (count) =>
      Array.from({ length: count }, () => {
        const keyPair = generateKeyPair();
        const username = `new-${randomBytes(8).toString('hex')}`;
        return signedRequest(keyPair, host, {
          method: 'POST',
          path: '/api/v1/accounts',
          body: { username, publicKey: keyPair.publicKeyHex, email: `${username}@example.com` },
        });
      }),
    rent: sign(tenant.keyPair, () => ({
      method: 'POST',
      path: '/api/v1/contracts',
      headers: { 'idempotency-key': randomBytes(16).toString('hex') },
      body: rental(anyId()),
    })),
  };
}

/** What somebody sends to rent for a day. */
export function rental(offeringId: bigint) {
  return { offering_db_id: offeringId, ssh_pubkey: SSH_KEY, duration_hours: 24, payment_method: 'test' };
}

/** The public half of nobody's key: the prefix of the format and 32 bytes. */
const SSH_KEY = `ssh-ed25519 ${Buffer.concat([
  Buffer.from('0000000b7373682d6564323535313900000020', 'hex'),
  generateKeyPair().publicKey,
]).toString('base64')} bench`;
