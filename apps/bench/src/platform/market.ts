import { createClient } from '@decent-cloud/client';
import { createSigner, generateKeyPair, type KeyPair } from '@decent-cloud/identity';
import { registerAccount } from '@decent-cloud/messages/accounts';
import { createPool } from '@decent-cloud/messages/agents';
import { setAutoAccept } from '@decent-cloud/messages/offerings';
import { Database } from '@decent-cloud/postgres';
import type { Bench } from '../bench.ts';
import { Platform } from './platform.ts';

const OFFERINGS = 100_000;
const MILLION = 1_000_000;
const SEED_TIMEOUT_MS = 600_000;

/** A provider without agents: what is rented of it is accepted and waits, so that a rental costs no machine. */
export interface Market {
  readonly platform: Platform;
  readonly offerings: Database;
  readonly providerName: string;
  readonly firstId: bigint;
  readonly count: number;
}

export function clientOf(platform: Platform, keyPair: KeyPair) {
  return createClient({
    baseUrl: platform.url.href,
    signer: createSigner(keyPair),
    timeoutMs: 30_000,
    retries: 0,
  });
}

/** A new account with a key. */
export async function newAccount(platform: Platform, username: string) {
  const keyPair = generateKeyPair();
  const client = clientOf(platform, keyPair);
  const account = await client.call(registerAccount, {
    body: { username, publicKey: keyPair.publicKeyHex, email: `${username}@example.com` },
  });
  return { keyPair, client, account };
}

export const startPlatform = (bench: Bench): Promise<Platform> => Platform.start(bench);

/** The platform with as many offerings as a large marketplace has. */
export async function fillMarket(bench: Bench): Promise<Market> {
  const platform = await bench.once(startPlatform);
  const username = 'bench-provider';
  const { client, account, keyPair } = await newAccount(platform, username);
  await client.call(setAutoAccept, { body: { autoAcceptRentals: true } });
  const pool = await client.call(createPool, {
    params: { pubkey: keyPair.publicKeyHex },
    body: { name: 'Bench', location: 'europe', provisionerType: 'local' },
  });
  const offerings = new Database({
    connectionString: await platform.databaseUrl('offerings'),
    applicationName: 'bench',
    maxConnections: 2,
    statementTimeoutMs: SEED_TIMEOUT_MS,
  });
  bench.atEndOfRun(() => offerings.close());
  const owner = { publicKey: keyPair.publicKeyHex, accountId: account.id, poolId: pool.poolId };
  const firstId = await addOfferings(bench, offerings, owner, 1, OFFERINGS);
  return { platform, offerings, providerName: username, firstId, count: OFFERINGS };
}

/** As many as make a million with those that are there. */
export async function growToMillion(bench: Bench, { offerings }: Market): Promise<void> {
  const [owner] = await offerings.query<{ publicKey: string; accountId: string; poolId: string }>(
    `select provider_public_key as "publicKey", provider_account_id as "accountId", agent_pool_id as "poolId"
     from offering where offering_id = 'bench-1'`,
  );
  if (!owner) throw new Error('there is no market yet');
  await addOfferings(bench, offerings, owner, OFFERINGS + 1, MILLION);
}

/** Prices, countries, types and words spread evenly and independently; one in 10,000 is called by a rare word. */
async function addOfferings(
  bench: Bench,
  database: Database,
  owner: { publicKey: string; accountId: string; poolId: string },
  first: number,
  last: number,
): Promise<bigint> {
  bench.say(`adding ${last - first + 1} offerings`);
  const details = {
    billing_interval: 'hourly',
    billing_unit: 'hour',
    is_subscription: false,
    unmetered_bandwidth: true,
    datacenter_city: 'Berlin',
    processor_cores: 4,
    memory_amount: '8 GB',
    total_ssd_capacity: '80 GB',
  };
  await database.query(
    `insert into offering (operation_id, provider_public_key, provider_account_id, offering_id, offer_name, description,
       product_type, visibility, is_draft, currency, monthly_price_e9s, setup_fee_e9s, stock_status, stock_total,
       datacenter_country, min_contract_hours, max_contract_hours, offering_source, provisioner_type, agent_pool_id,
       details, reliability_score, created_at_ns, updated_at_ns)
     select gen_random_uuid(), $1, $2, 'bench-' || n,
       (array['Small', 'Fast', 'Large'])[1 + n % 3] || ' machine ' || n || case when n % 10000 = 0 then ' zanzibar' else '' end,
       (array['Quiet and cheap', 'With local disks', 'Close to an exchange', 'Run on sun and wind', 'For nightly work'])[1 + n % 5]
         || ', number ' || md5(n::text),
       (array['compute', 'gpu', 'storage', 'network'])[1 + abs(hashint4(n)) % 4], 'public', false, 'USD',
       (1000 + abs(hashint4(n + 1)) % 499000)::bigint * 1000000, 0, 'in_stock', 1000000,
       (array['DE','FR','NL','PL','SE','FI','NO','DK','ES','PT','IT','CH','AT','CZ','BE','IE','GB','EE','LV','LT'])
         [1 + abs(hashint4(n + 2)) % 20],
       1, 8760, 'provider', 'local', $3, $4::jsonb, (abs(hashint4(n + 3)) % 1000) / 10.0, 0, 0
     from generate_series($5::int, $6::int) as n`,
    [owner.publicKey, owner.accountId, owner.poolId, JSON.stringify(details), first, last],
  );
  await database.query('vacuum (analyze) offering');
  const [row] = await database.query<{ id: bigint }>('select id from offering where offering_id = $1', [
    `bench-${first}`,
  ]);
  if (!row) throw new Error('the offerings were not kept');
  return row.id;
}
