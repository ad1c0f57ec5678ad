import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient } from '@decent-cloud/client';
import { bytesToHex, createSigner, generateKeyPair } from '@decent-cloud/identity';
import { registerAccount } from '@decent-cloud/messages/accounts';
import { listPools, updatePool } from '@decent-cloud/messages/agents';
import {
  cancelContract,
  createContract,
  listPendingRequests,
  respondToRequest,
} from '@decent-cloud/messages/contracts';
import { createOffering, setAutoAccept } from '@decent-cloud/messages/offerings';
import { topUpWallet } from '@decent-cloud/messages/payments';
import type { WhenMachineLost } from '@decent-cloud/messages/words';
import { Database } from '@decent-cloud/postgres';
import { CrashControl } from './crash-control.ts';
import { demoMachines } from './demo-machines.ts';
import { demoProvider } from './demo-provider.ts';
import { Platform } from './platform.ts';

const SSH_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4 crash';
/** Good for containers, which the pool claims to have; its real machines cannot let anybody in with it: none is made. */
const TOKEN_KEY =
  'sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIEaWjuOlohWUOsSp/fLaHH3tldm75GQX2aNRyWXhrNwjAAAABHNzaDo= token';
const STOCK = 500;
/** So long offerings may still know the pool as it was before the stage changed it. */
const POOLS_KEPT_MS = 2_000;
const TOP_UP_USD = 100;
const DATABASES = ['contracts', 'offerings', 'payments', 'agents', 'notifications'] as const;
type DatabaseName = (typeof DATABASES)[number];

export const FINAL = ['cancelled', 'rejected', 'expired', 'provisioningfailed'];
/** Settled: the tenant has the machine, or the rental is over. */
export const WITH_MACHINE = ['provisioned', 'active'];

export interface ContractRow {
  readonly contractId: string;
  readonly tenantKey: string;
  readonly status: string;
  readonly paymentStatus: string;
  readonly paidE9s: bigint;
  readonly refundE9s: bigint | null;
  readonly startedAtNs: bigint | null;
  /** Times without a machine that are over. */
  readonly downNs: bigint;
}

const CONTRACT_COLUMNS = `contract_id as "contractId", requester_pubkey as "tenantKey", status,
  payment_status as "paymentStatus", paid_e9s as "paidE9s", refund_amount_e9s as "refundE9s",
  provisioning_completed_at_ns as "startedAtNs", machine_down_ns as "downNs"`;

export interface Customer {
  readonly publicKey: string;
  readonly accountId: string;
  readonly api: Client;
}

/** A platform whose crash points can be armed, with its demo's provider, some customers, and a look into its databases. */
export class CrashStage {
  private constructor(
    readonly platform: Platform,
    readonly control: CrashControl,
    readonly provider: Client,
    readonly offeringId: bigint,
    readonly customers: readonly Customer[],
    private readonly databases: ReadonlyMap<DatabaseName, Database>,
  ) {}

  static async start(options: {
    readonly customers: number;
    readonly replicas?: number;
    /** After so long a customer does not wait for an answer any more. */
    readonly timeoutMs?: number;
    readonly env?: Readonly<Record<string, string>>;
  }): Promise<CrashStage> {
    const { customers, replicas = 1, timeoutMs = 2_000, env = {} } = options;
    const control = await CrashControl.create();
    const platform = await Platform.start({ replicas, env: { ...env, ...control.environment } });
    const databases = new Map<DatabaseName, Database>();
    for (const name of DATABASES) {
      const connectionString = await platform.databaseUrl(name);
      databases.set(name, new Database({ connectionString, applicationName: 'spec', maxConnections: 3 }));
    }
    const provider = await demoProvider(platform);
    const offeringId = await offerMany(provider);
    const [created] = await Promise.all([
      Promise.all(
        Array.from({ length: customers }, (_, index) => newCustomer(platform.apiUrl, index, timeoutMs)),
      ),
      sleep(POOLS_KEPT_MS),
    ]);
    return new CrashStage(platform, control, provider, offeringId, created, databases);
  }

  async stop(): Promise<void> {
    for (const database of this.databases.values()) await database.close();
    await this.platform.stop();
    await this.control.remove();
  }

  query<Row extends object>(
    name: DatabaseName,
    text: string,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    return (this.databases.get(name) as Database).query<Row>(text, values);
  }

  /** Gives the contract's id. @throws ApiError, also when nobody knows what came of it */
  async rent(
    customer: Customer,
    options: { readonly withoutMachine?: boolean; readonly whenMachineLost?: WhenMachineLost } = {},
  ): Promise<string> {
    const { contractId } = await customer.api.call(
      createContract,
      {
        body: {
          offering_db_id: this.offeringId,
          ssh_pubkey: options.withoutMachine ? TOKEN_KEY : SSH_KEY,
          duration_hours: 1,
          payment_method: 'wallet',
          when_machine_lost: options.whenMachineLost,
        },
      },
      { idempotencyKey: crypto.randomUUID() },
    );
    return contractId;
  }

  async cancel(customer: Customer, contractId: string): Promise<void> {
    const input = { params: { id: contractId }, body: {} };
    await customer.api.call(cancelContract, input, { idempotencyKey: crypto.randomUUID() });
  }

  async acceptByItself(yes: boolean): Promise<void> {
    await this.provider.call(setAutoAccept, { body: { autoAcceptRentals: yes } });
  }

  /** What a provider does who looks at the requests: says no to some customers and yes to the others. */
  async answerRequests(isWanted: (tenantKey: string) => boolean): Promise<void> {
    for (const { contract_id: id, requester_pubkey } of await this.provider.call(listPendingRequests, {})) {
      const body = { accept: isWanted(requester_pubkey) };
      const key = { idempotencyKey: crypto.randomUUID() };
      await this.provider.call(respondToRequest, { params: { id }, body }, key);
    }
  }

  contracts(): Promise<ContractRow[]> {
    return this.query<ContractRow>('contracts', `select ${CONTRACT_COLUMNS} from contract`);
  }

  async contract(contractId: string): Promise<ContractRow | undefined> {
    const text = `select ${CONTRACT_COLUMNS} from contract where contract_id = $1`;
    return (await this.query<ContractRow>('contracts', text, [contractId]))[0];
  }

  /** Contracts for which there is a machine at the provider's. */
  machines(): Promise<string[]> {
    return demoMachines(this.platform);
  }

  async heldUnits(): Promise<number> {
    const [row] = await this.query<{ units: number }>(
      'offerings',
      'select count(*)::int as units from stock_hold where released_at_ns is null and offering_db_id is not null',
    );
    return row?.units ?? 0;
  }

  /** What a customer has left, by the books. */
  async walletE9s({ accountId }: Customer): Promise<bigint> {
    const [row] = await this.query<{ e9s: bigint }>(
      'payments',
      `select balance_e9s as e9s from ledger_account where kind = 'wallet' and owner = $1`,
      [accountId],
    );
    return row?.e9s ?? 0n;
  }

  /** Units that are held for more or fewer rentals than there are; undefined when it is as many. */
  async stockFault(): Promise<string | undefined> {
    const living = (await this.contracts()).filter(({ status }) => !FINAL.includes(status)).length;
    const units = await this.heldUnits();
    return units === living ? undefined : `${units} units are held for ${living} rentals`;
  }

  /** What contracts, books and machines say differently from one another; empty when everything fits. */
  async faults(): Promise<string[]> {
    const [contracts, machines] = [await this.contracts(), await this.machines()];
    const rentals = await this.query<{
      contractId: string;
      charged: bigint;
      refunded: bigint;
      earned: bigint;
    }>(
      'payments',
      `select contract_id as "contractId", charged_e9s as charged, refunded_e9s as refunded, earned_e9s as earned
       from rental`,
    );
    const books = new Map(rentals.map((rental) => [rental.contractId, rental]));
    const known = new Set(contracts.map(({ contractId }) => contractId));
    const faults = rentals
      .filter(({ contractId }) => !known.has(contractId))
      .map(({ contractId }) => `${contractId} is in the books only`);
    for (const one of contracts) {
      const { contractId, status } = one;
      const { charged, refunded, earned } = books.get(contractId) ?? {
        charged: 0n,
        refunded: 0n,
        earned: 0n,
      };
      const say = (what: string) => faults.push(`${contractId} ${status}/${one.paymentStatus}: ${what}`);
      const isFinal = FINAL.includes(status);
      const isSettled = isFinal || WITH_MACHINE.includes(status);
      if (!isSettled) say('is still on its way');
      if (one.paidE9s !== charged) say(`paid ${one.paidE9s}, charged ${charged}`);
      if (isFinal && refunded + earned !== charged)
        say(`of ${charged} went ${refunded} back and ${earned} on`);
      if (isFinal && one.startedAtNs === null && earned > 0n) say(`earned ${earned} without a machine`);
      if (isFinal && charged > 0n && one.paymentStatus !== 'refunded') say('is not refunded');
      if (isFinal && charged > 0n && one.refundE9s !== refunded)
        say(`refund ${one.refundE9s}, in the books ${refunded}`);
      const count = machines.filter((id) => id === contractId).length;
      if (count !== (WITH_MACHINE.includes(status) ? 1 : 0)) say(`has ${count} machines`);
    }
    for (const id of machines) if (!known.has(id)) faults.push(`a machine of nobody: ${id}`);
    for (const customer of this.customers) {
      const own = contracts.filter(({ tenantKey }) => tenantKey === customer.publicKey);
      const spent = own.reduce((sum, { contractId }) => {
        const rental = books.get(contractId);
        return sum + (rental ? rental.charged - rental.refunded : 0n);
      }, 0n);
      const left = await this.walletE9s(customer);
      const expected = BigInt(TOP_UP_USD) * 10n ** 9n - spent;
      if (left !== expected) faults.push(`a wallet has ${left}, not ${expected}`);
    }
    return faults;
  }
}

/** More units than a test with crashes can use up. */
async function offerMany(provider: Client): Promise<bigint> {
  const params = { pubkey: provider.publicKey as string };
  const [pool] = await provider.call(listPools, { params });
  if (pool) {
    const body = { provisionerType: 'docker' } as const;
    await provider.call(updatePool, { params: { ...params, pool_id: pool.poolId }, body });
  }
  return provider.call(
    createOffering,
    {
      params,
      body: {
        offering_id: 'crash',
        offer_name: 'Crash',
        currency: 'USD',
        monthly_price: 7.2,
        setup_fee: 0,
        visibility: 'public',
        product_type: 'compute',
        billing_interval: 'hourly',
        billing_unit: 'hour',
        stock_status: 'in_stock',
        stock_total: STOCK,
        datacenter_country: 'DE',
        datacenter_city: 'Demo',
        unmetered_bandwidth: true,
        min_contract_hours: 1,
        max_contract_hours: 720,
        ...(pool && { agent_pool_id: pool.poolId }),
      },
    },
    { idempotencyKey: crypto.randomUUID() },
  );
}

async function newCustomer(apiUrl: string, index: number, timeoutMs: number): Promise<Customer> {
  const keyPair = generateKeyPair();
  const publicKey = bytesToHex(keyPair.publicKey);
  const api = createClient({ baseUrl: apiUrl, signer: createSigner(keyPair), timeoutMs, retries: 0 });
  const name = `crash-${index}-${publicKey.slice(0, 6)}`;
  const account = await api.call(registerAccount, {
    body: { username: name, publicKey, email: `${name}@example.com` },
  });
  await api.call(
    topUpWallet,
    { params: { pubkey: publicKey }, body: { amountUsd: TOP_UP_USD, method: 'test' } },
    { idempotencyKey: crypto.randomUUID() },
  );
  return { publicKey, accountId: account.id, api };
}
