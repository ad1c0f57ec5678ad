import { messagingMigrationsDir } from '@decent-cloud/outbox';
import type { Sql } from '@decent-cloud/postgres';
import { readSettings } from '@decent-cloud/runtime';
import { createTestDatabase, eventually, serviceKeysFor, type TestDatabase } from '@decent-cloud/testing';
import { ContractStore } from '../src/contract/contract.store.ts';
import type { Contract } from '../src/contract/domain/contract.ts';
import { cancel, charged } from '../src/contract/domain/decide.ts';
import { machineProvisioned } from '../src/contract/domain/machine.ts';
import { lifecycle } from '../src/contract/domain/status.ts';
import { FROM_THE_START, WaitingContractsStore } from '../src/contract/waiting-contracts.store.ts';
import { contractsService } from '../src/service.ts';
import { CountingDatabase } from './counting-database.ts';
import { AGENT_KEY, sampleContract, T0, TENANT_KEY } from './sample-contract.ts';

let test: TestDatabase;
let database: CountingDatabase;
let store: ContractStore;
const by = { publicKey: TENANT_KEY, memo: undefined };
let next = 1;
const fresh = () => {
  const number = next++;
  return sampleContract('requested', {
    contractId: number.toString(16).padStart(64, '0'),
    operationId: `0190a5b0-7c1d-7e3a-8f00-${number.toString(16).padStart(12, '0')}`,
    version: 1,
  });
};
const insert = async () =>
  store.insert(
    () => fresh(),
    () => undefined,
    T0,
  );
const roundTripsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const before = database.roundTrips;
  await work();
  return database.roundTrips - before;
};
const charge = { amountE9s: 10_000_000_000n, currency: 'USD' };
/** Everything that is written of contracts, but the contracts. */
const written = async (): Promise<bigint | undefined> => {
  const [row] = await database.query<{ all: bigint }>(
    `select (select count(*) from messaging.outbox) + (select count(*) from contract_event)
      + (select count(*) from contract_status_history) + (select count(*) from contract_credential) as all`,
  );
  return row?.all;
};

beforeAll(async () => {
  test = await createTestDatabase({
    migrationsDir: [messagingMigrationsDir, contractsService.migrationsDir],
  });
  database = new CountingDatabase({ connectionString: test.url, applicationName: 'spec' });
  store = new ContractStore(
    database,
    readSettings(contractsService.settings, {
      DATABASE_URL: test.url,
      SERVICE_KEYS: serviceKeysFor('contracts'),
    }),
  );
}, 60_000);
afterAll(async () => {
  await database?.close();
  await test?.drop();
});

describe('a move costs', () => {
  const provisioned = (contractId: string) => ({
    contractId,
    generation: 1,
    agentPublicKey: AGENT_KEY,
    atNs: T0,
    instance: { externalId: 'x', provisionerType: 'local', sshPort: 22, sshUser: 'root' },
    credentials: [{ recipientPublicKey: TENANT_KEY, envelope: '{}' }],
  });

  it('two round trips, however many steps it has', async () => {
    const { contractId } = await insert();
    const fact = provisioned(contractId);
    expect(
      await roundTripsOf(() => store.change(contractId, (known) => charged(known, charge, T0), T0)),
    ).toBe(2);
    expect(
      await roundTripsOf(() => store.change(contractId, (known) => machineProvisioned(known, fact, T0), T0)),
    ).toBe(2);
    expect(await roundTripsOf(() => store.change(contractId, () => cancel(by), T0))).toBe(2);
    expect(await roundTripsOf(() => store.change(contractId, () => undefined, T0))).toBe(1);
  });

  it('two beside begin and commit in a transaction that does more', async () => {
    const { contractId } = await insert();
    expect(
      await roundTripsOf(() =>
        database.transaction((sql) =>
          store.changeIn(sql, contractId, (known) => charged(known, charge, T0), T0),
        ),
      ),
    ).toBe(4);
  });

  it('one for a new contract', async () => {
    expect(await roundTripsOf(insert)).toBe(1);
  });
});

describe('a contract that changes between read and write', () => {
  /** Changes no status, and so no version. */
  const noted = (contractId: string, failureMessage: string) => (sql: Sql) =>
    store.changeIn(sql, contractId, () => ({ set: { failureMessage } }), T0);

  it('is read again, and nothing is written of the first decision', async () => {
    const { contractId } = await insert();
    const before = (await written()) ?? 0n;
    await store.change(contractId, () => cancel(by), T0);
    const ofOneMove = ((await written()) ?? 0n) - before;

    const other = await insert();
    const start = (await written()) ?? 0n;
    const seen: Contract[] = [];
    database.beforeWrite = () => database.transaction(noted(other.contractId, 'meanwhile'));
    const moved = await store.change(
      other.contractId,
      (known) => {
        seen.push(known);
        return cancel(by);
      },
      T0,
    );
    expect(seen.map(({ failureMessage }) => failureMessage)).toEqual([null, 'meanwhile']);
    expect(moved).toMatchObject({ status: 'cancelled', failureMessage: 'meanwhile' });
    expect(await store.find(other.contractId)).toEqual(moved);
    expect(((await written()) ?? 0n) - start).toBe(ofOneMove);
  });

  it('is waited for while somebody is about to change it', async () => {
    const { contractId } = await insert();
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const other = database.transaction(async (sql) => {
      await noted(contractId, 'at the same time')(sql);
      await finished;
    });
    const waits = async () => {
      const [row] = await database.query<{ waiting: bigint }>(
        `select count(*) as waiting from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return row?.waiting === 1n;
    };
    const moved = store.change(contractId, () => cancel(by), T0);
    await eventually(waits, { what: 'the second change waiting for the first', deadlineMs: 20_000 });
    finish();
    await other;
    expect(await moved).toMatchObject({ status: 'cancelled', failureMessage: 'at the same time' });
  });

  it('by the same operation is changed once', async () => {
    const { contractId } = await insert();
    const operationId = '0190a5b0-7c1d-7e3a-8f01-000000000001';
    const start = (await written()) ?? 0n;
    const all = await Promise.all(
      Array.from({ length: 6 }, () => store.change(contractId, () => cancel(by), T0, operationId)),
    );
    expect(new Set(all.map(({ status, version }) => `${status} ${version}`))).toEqual(
      new Set(['cancelled 2']),
    );
    // History, event, and the three facts: moved, its steps, ended.
    expect(((await written()) ?? 0n) - start).toBe(5n);
    await expect(store.change(contractId, () => cancel(by), T0)).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});

describe('a new contract', () => {
  it('of an operation that has one is the one that is there', async () => {
    const contract = fresh();
    const first = await store.insert(
      () => contract,
      () => undefined,
      T0,
    );
    const again = { ...fresh(), operationId: contract.operationId };
    expect(
      (
        await store.insert(
          () => again,
          () => undefined,
          T0,
        )
      ).contractId,
    ).toBe(first.contractId);
  });

  it('with the id of another one gets another id', async () => {
    const { contractId } = await insert();
    const contract = fresh();
    const made = await store.insert(
      (attempt) => ({ ...contract, contractId: attempt === 0 ? contractId : contract.contractId }),
      () => undefined,
      T0,
    );
    expect(made.contractId).toBe(contract.contractId);
  });
});

describe('a write that fails', () => {
  it('leaves nothing behind', async () => {
    const { contractId } = await insert();
    const before = await written();
    await expect(
      database.transaction(async (sql) => {
        await store.changeIn(sql, contractId, () => cancel(by), T0);
        throw new Error('crash');
      }),
    ).rejects.toThrow('crash');
    expect(await written()).toBe(before);
    expect((await store.find(contractId)).status).toBe('requested');
  });
});

describe('the database itself', () => {
  it('knows exactly the states of the table', async () => {
    const [row] = await database.query<{ definition: string }>(
      `select pg_get_constraintdef(oid) as definition from pg_constraint where conname = 'contract_status_known'`,
    );
    const known = [...(row?.definition.matchAll(/'([a-z]+)'/g) ?? [])].map((match) => match[1]);
    expect(known.sort()).toEqual([...lifecycle.states].sort());
  });

  it.each([
    [`status = 'completed'`, 'contract_status_known'],
    [`status = 'accepted'`, 'contract_served_when_paid'],
    [`status = 'active', payment_status = 'succeeded'`, 'contract_has_machine'],
    [`status = 'cancelled', deadline_at_ns = null`, 'contract_settled'],
    [`status = 'cancelled', refund_due_e9s = 0, earned_e9s = 0`, 'contract_waits'],
    [
      `status = 'cancelled', deadline_at_ns = null, paid_e9s = 10, refund_due_e9s = 5, earned_e9s = 4`,
      'contract_settled',
    ],
    [`deadline_at_ns = null`, 'contract_waits'],
    [`refund_amount_e9s = price_e9s + 1`, 'contract_refund_bounded'],
  ])('refuses %s', async (set, constraint) => {
    const { contractId } = await insert();
    await expect(
      database.query(`update contract set ${set} where contract_id = $1`, [contractId]),
    ).rejects.toMatchObject({ constraint });
  });

  it('finds what waits through its indexes', async () => {
    const waiting = new WaitingContractsStore(database);
    const found = await waiting.unpaid(T0, FROM_THE_START, 2);
    expect(found).toHaveLength(2);
    const last = found[1];
    const more = await waiting.unpaid(
      T0,
      { atNs: last?.createdAtNs ?? 0n, contractId: last?.contractId ?? '' },
      200,
    );
    expect(more.map((contract) => contract.contractId)).not.toContain(last?.contractId);
    const plan = await database.transaction(async (sql) => {
      await sql.query('set local enable_seqscan = off');
      await sql.query('set local enable_bitmapscan = off');
      return sql.query<{ 'QUERY PLAN': string }>(
        `explain select contract_id from contract where deadline_at_ns <= $1 and (deadline_at_ns, contract_id) > ($2, $3)
           and payment_status <> 'pending' order by deadline_at_ns, contract_id limit 200`,
        [T0, -1n, ''],
      );
    });
    const text = plan.map((line) => line['QUERY PLAN']).join('\n');
    expect(text).toContain('contract_deadline');
    expect(text).not.toContain('Sort');
  });
});

it('a row of before stored JSON had versions is read as what it is now', async () => {
  const { contractId, machineSpec } = await insert();
  const text = `{"external_id":"dc-1","provisioner_type":"docker","ssh_port":2222,"ssh_user":"root"}`;
  await database.query(
    `update contract set machine_spec = machine_spec - 'v', instance_details = $2 where contract_id = $1`,
    [contractId, text],
  );
  expect(await store.find(contractId)).toMatchObject({ machineSpec, instanceDetails: JSON.parse(text) });
});
