import '@decent-cloud/kernel/needed-node';
import { randomBytes, randomUUID } from 'node:crypto';
import { Database } from '@decent-cloud/postgres';
import pg from 'pg';
import { ContractStore } from '../../contracts/dist/contract/contract.store.js';
import { paidWithoutCharge } from '../../contracts/dist/contract/domain/decide.js';
import { newContract } from '../../contracts/dist/contract/domain/new-contract.js';
import { contractsSettings } from '../../contracts/dist/settings.js';

/**
 * Transitions of contracts as the service is built (paid and accepted, with history, events and facts) against BEGIN, two
 * INSERTs, COMMIT on the same database. Prints one line of JSON.
 */
const CONNECTIONS = 16;
const ROUNDS = 5;
const A_ROUND = 800;

const url = process.env.DATABASE_URL ?? '';
const database = new Database({
  connectionString: url,
  applicationName: 'bench',
  maxConnections: CONNECTIONS,
});
// No question is asked and no fact is sent on from here.
const settings = contractsSettings.omit({ SERVICE_KEYS: true }).parse({ DATABASE_URL: url });
const store = new ContractStore(database, settings);
const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS });
await pool.query('create table if not exists bench_rental (id uuid primary key, status text, body text)');
await pool.query('create table if not exists bench_outbox (id uuid primary key, subject text, payload text)');

const now = () => BigInt(Date.now()) * 1_000_000n;
const hex = (/** @type {number} */ bytes) => randomBytes(bytes).toString('hex');
const tenant = hex(32);
const provider = hex(32);

/** @returns {Promise<any>} */
async function requested() {
  const made = newContract({
    operationId: randomUUID(),
    tenantPublicKey: tenant,
    request: {
      offeringDbId: 1n,
      sshPublicKey: `ssh-ed25519 ${randomBytes(51).toString('base64')} bench`,
      contact: null,
      memo: '',
      durationHours: 24,
      paymentMethod: 'test',
      buyerAddress: null,
      operatingSystem: null,
      expected: { amountE9s: undefined, currency: undefined },
      whenMachineLost: 'end',
    },
    tenant: {
      accountId: hex(16),
      username: 'tenant',
      emailVerified: false,
      activePublicKeys: [tenant],
      created: false,
    },
    offering: {
      offeringDbId: 1n,
      offeringId: 'small',
      offerName: 'Small',
      providerPublicKey: provider,
      currency: 'USD',
      monthlyPriceE9s: 7_200_000_000n,
      autoAccept: true,
      datacenterCountry: 'DE',
      cpuCores: 1,
      memoryMb: 1024,
      storageGb: 10,
    },
    providerAccountId: undefined,
    askedAtNs: now(),
    stockHeldAtNs: now(),
    nowNs: now(),
  });
  return store.insert(
    () => made,
    () => undefined,
    now(),
  );
}

/** @param {{ contractId: string }} contract */
async function transition({ contractId }) {
  const at = now();
  const after = await store.change(
    contractId,
    (/** @type {any} */ contract) => paidWithoutCharge(contract, at),
    at,
    randomUUID(),
  );
  if (after.status !== 'accepted') throw new Error(`the contract is ${after.status}`);
}

async function twoInserts() {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query('insert into bench_rental values ($1, $2, $3)', [randomUUID(), 'accepted', BODY]);
    await client.query('insert into bench_outbox values ($1, $2, $3)', [
      randomUUID(),
      'evt.bench.v1.x',
      BODY,
    ]);
    await client.query('commit');
  } finally {
    client.release();
  }
}
const BODY = 'x'.repeat(400);

/** @template T @param {readonly T[]} items @param {(item: T) => Promise<unknown>} work */
async function perSecond(items, work) {
  const started = performance.now();
  const before = process.cpuUsage();
  const queue = items.values();
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (const item of queue) await work(item);
    }),
  );
  const { user, system } = process.cpuUsage(before);
  return {
    perSecond: items.length / ((performance.now() - started) / 1_000),
    cpuMicroseconds: (user + system) / items.length,
  };
}

/** How many times one transition goes to the database and back. */
async function countRoundTrips() {
  const contract = await requested();
  let count = 0;
  const client = /** @type {any} */ (pg.Client.prototype);
  const query = client.query;
  client.query = function (/** @type {unknown[]} */ ...args) {
    count++;
    return query.apply(this, args);
  };
  try {
    await transition(contract);
  } finally {
    client.query = query;
  }
  return count;
}

/** @type {{ ours: Awaited<ReturnType<typeof perSecond>>[], plain: Awaited<ReturnType<typeof perSecond>>[] }} */
const rates = { ours: [], plain: [] };
for (let round = 0; round <= ROUNDS; round++) {
  const contracts = [];
  for (let n = 0; n < A_ROUND; n += CONNECTIONS) {
    contracts.push(...(await Promise.all(Array.from({ length: CONNECTIONS }, requested))));
  }
  const plain = await perSecond(contracts, twoInserts);
  const ours = await perSecond(contracts, transition);
  // The first one warms up.
  if (round === 0) continue;
  rates.plain.push(plain);
  rates.ours.push(ours);
}
const median = (/** @type {number[]} */ values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const roundTrips = await countRoundTrips();
await Promise.all([database.close(), pool.end()]);
console.log(
  JSON.stringify({
    transitionsPerSecond: median(rates.ours.map((round) => round.perSecond)),
    plainPerSecond: median(rates.plain.map((round) => round.perSecond)),
    transitionCpuMicroseconds: median(rates.ours.map((round) => round.cpuMicroseconds)),
    plainCpuMicroseconds: median(rates.plain.map((round) => round.cpuMicroseconds)),
    roundTrips,
  }),
);
