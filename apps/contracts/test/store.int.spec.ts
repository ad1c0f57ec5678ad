import { messagingMigrationsDir } from '@decent-cloud/outbox';
import { Database, type Sql } from '@decent-cloud/postgres';
import { readSettings } from '@decent-cloud/runtime';
import { createTestDatabase, type TestDatabase } from '@decent-cloud/testing';
import { ContractStore } from '../src/contract/contract.store.ts';
import { cancel, charged } from '../src/contract/domain/decide.ts';
import { machineProvisioned } from '../src/contract/domain/machine.ts';
import { lifecycle } from '../src/contract/domain/status.ts';
import { FROM_THE_START, WaitingContractsStore } from '../src/contract/waiting-contracts.store.ts';
import { contractsService } from '../src/service.ts';
import { AGENT_KEY, sampleContract, T0, TENANT_KEY } from './sample-contract.ts';

class CountingDatabase extends Database {
  statements = 0;
  override transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return super.transaction((sql) =>
      work({
        query: (text, values) => {
          this.statements++;
          return sql.query(text, values);
        },
      }),
    );
  }
}

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
const statementsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const before = database.statements;
  await work();
  return database.statements - before;
};

beforeAll(async () => {
  test = await createTestDatabase({
    migrationsDir: [messagingMigrationsDir, contractsService.migrationsDir],
  });
  database = new CountingDatabase({ connectionString: test.url, applicationName: 'spec' });
  store = new ContractStore(database, readSettings(contractsService.settings, { DATABASE_URL: test.url }));
}, 60_000);
afterAll(async () => {
  await database?.close();
  await test?.drop();
});

describe('a move costs', () => {
  it('three statements beside begin and commit, however many steps it has', async () => {
    const { contractId } = await insert();
    const charge = { amountE9s: 10_000_000_000n, currency: 'USD' };
    const fact = {
      contractId,
      generation: 1,
      agentPublicKey: AGENT_KEY,
      atNs: T0,
      instance: { externalId: 'x', provisionerType: 'local', sshPort: 22, sshUser: 'root' },
      credentials: [{ recipientPublicKey: TENANT_KEY, envelope: '{}' }],
    };
    expect(
      await statementsOf(() => store.change(contractId, (known) => charged(known, charge, T0), T0)),
    ).toBe(3);
    expect(
      await statementsOf(() => store.change(contractId, (known) => machineProvisioned(known, fact, T0), T0)),
    ).toBe(3);
    expect(await statementsOf(() => store.change(contractId, () => cancel(by), T0))).toBe(3);
    expect(await statementsOf(() => store.change(contractId, () => undefined, T0))).toBe(1);
  });

  it('two for a new contract', async () => {
    expect(await statementsOf(insert)).toBe(2);
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
    const count = async () => {
      const [row] = await database.query<{ all: bigint }>(
        `select (select count(*) from messaging.outbox) + (select count(*) from contract_event)
          + (select count(*) from contract_status_history) as all`,
      );
      return row?.all;
    };
    const before = await count();
    await expect(
      database.transaction(async (sql) => {
        await store.changeIn(sql, contractId, () => cancel(by), T0);
        throw new Error('crash');
      }),
    ).rejects.toThrow('crash');
    expect(await count()).toBe(before);
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
