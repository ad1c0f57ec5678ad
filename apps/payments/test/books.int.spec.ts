import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { eventually } from '@decent-cloud/testing';
import pg from 'pg';
import { findFaults, RULE_NAMES } from '../src/ledger/book-faults.store.ts';
import { ProveBooks } from '../src/ledger/prove-books.ts';
import { contractId, NOW, RunningPayments, type Tenant, tenant, USD } from './running-payments.ts';

const payments = RunningPayments.forFile();
let alice: Tenant;
const held = contractId();
const settled = contractId();

beforeAll(async () => {
  alice = tenant();
  await payments.topUp(alice, 10);
  await payments.charge(alice, held, USD);
  await payments.charge(alice, settled, USD);
  await payments.react(
    payments.ended(alice, settled, { paid: USD, refund: 400_000_000n, earned: 600_000_000n }),
  );
  await payments.react(payments.ended(alice, contractId(), { paid: 0n }));
}, 60_000);

const query = (text: string) => payments.service.database.query(text);

/** Runs SQL with triggers out of the way, as a broken disk or a careless hand would; rows come back, constraints do not. */
async function corrupt(sql: string, work: () => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: payments.db.url });
  await client.connect();
  const backup = `backup_${randomBytes(4).toString('hex')}`;
  const tables = ['ledger_account', 'ledger_transfer', 'ledger_posting', 'rental'];
  try {
    await client.query("set session_replication_role = 'replica'");
    await client.query(`create schema ${backup}`);
    for (const table of tables)
      await client.query(`create table ${backup}.${table} as table public.${table}`);
    await client.query(sql);
    await work();
    for (const table of tables) {
      await client.query(`delete from public.${table}`);
      await client.query(
        `insert into public.${table} overriding system value select * from ${backup}.${table}`,
      );
    }
  } finally {
    await client.query(`drop schema ${backup} cascade`);
    await client.end();
  }
}

describe('the database itself refuses', () => {
  it.each([
    ['a balance set by hand', 'update ledger_account set balance_e9s = balance_e9s + 1', 'postings only'],
    [
      'an account that begins with money',
      `insert into ledger_account (kind, owner, currency, balance_e9s) values ('wallet', 'x', 'USD', 5)`,
      'postings only',
    ],
    ['an account that goes away', 'delete from ledger_account', 'postings only'],
    ['a changed posting', 'update ledger_posting set amount_e9s = 1', 'append only'],
    ['a deleted posting', 'delete from ledger_posting', 'append only'],
    ['a changed transfer', `update ledger_transfer set reference = 'x'`, 'append only'],
    ['a deleted transfer', 'delete from ledger_transfer', 'append only'],
    ['a truncated ledger', 'truncate ledger_posting cascade', 'append only'],
    [
      'a transfer without postings',
      `insert into ledger_transfer (idempotency_key, purpose, reference, created_at_ns) values ('x', 'topup', 'x', 1)`,
      'does not balance',
    ],
    [
      'a transfer that makes money',
      `with made as (insert into ledger_transfer (idempotency_key, purpose, reference, created_at_ns) values ('y', 'topup', 'y', 1) returning id)
       insert into ledger_posting (transfer_id, account_id, currency, amount_e9s)
       select made.id, account.id, 'USD', 7 from made, ledger_account account where kind in ('wallet', 'external_test')`,
      'does not balance',
    ],
    [
      'a wallet below zero',
      `with made as (insert into ledger_transfer (idempotency_key, purpose, reference, created_at_ns) values ('z', 'topup', 'z', 1) returning id)
       insert into ledger_posting (transfer_id, account_id, currency, amount_e9s)
       select made.id, account.id, 'USD', case kind when 'wallet' then -1000000000000 else 1000000000000 end
       from made, ledger_account account where kind in ('wallet', 'external_test')`,
      'ledger_account_floor',
    ],
    [
      'a second charge',
      `insert into ledger_transfer (idempotency_key, purpose, reference, created_at_ns) select 'w', purpose, reference, 1 from ledger_transfer where purpose = 'rental_charge'`,
      'ledger_transfer_rental',
    ],
    [
      'a refund beyond the charge',
      `update rental set refunded_e9s = charged_e9s where state = 'settled'`,
      'rental_books',
    ],
  ])('%s', async (_what, sql, text) => {
    await expect(query(sql)).rejects.toThrow(text);
    expect(await findFaults(payments.service.database)).toEqual([]);
  });
});

describe('proving the books', () => {
  const corruptions: Record<string, string> = {
    'every transfer sums to zero per currency': `update ledger_posting set amount_e9s = amount_e9s + 1 where id = 1`,
    'every transfer has at least two postings': `delete from ledger_posting where transfer_id = 1`,
    'every posting belongs to a transfer and to an account of its currency': `update ledger_posting set currency = 'EUR' where transfer_id = 1`,
    'no account is below its floor': `alter table ledger_account drop constraint ledger_account_floor;
      update ledger_account set balance_e9s = -1 where kind = 'wallet'`,
    'every balance is the sum of its postings': `update ledger_account set balance_e9s = balance_e9s + 1 where kind = 'wallet'`,
    'every posting says the balance that it left': `update ledger_posting set balance_after_e9s = 1 where id = 2`,
    'every id and idempotency key is there once': `alter table ledger_transfer drop constraint ledger_transfer_idempotency_key;
      update ledger_transfer set idempotency_key = 'same'`,
    'every rental is charged at most once and settled at most once': `drop index ledger_transfer_rental;
      update ledger_transfer set reference = '${held}' where purpose = 'rental_charge'`,
    'charged is refunded plus earned when a rental is settled': `alter table rental drop constraint rental_books;
      update rental set refunded_e9s = refunded_e9s + 1 where state = 'settled'`,
    'rentals and their postings agree': `update rental set charged_e9s = charged_e9s + 1 where state = 'charged'`,
  };

  it('has a way to break every rule', () => {
    expect(Object.keys(corruptions).sort()).toEqual([...RULE_NAMES].sort());
  });

  it.each(Object.entries(corruptions))('finds it when not: %s', async (rule, sql) => {
    expect(await findFaults(payments.service.database)).toEqual([]);
    await corrupt(sql, async () => {
      const faults = await findFaults(payments.service.database);
      expect(faults.map((fault) => fault.rule)).toContain(rule);
    });
    expect(await findFaults(payments.service.database)).toEqual([]);
  });

  it('finds a charge without a rental', async () => {
    await corrupt(`delete from rental where contract_id = '${held}'`, async () => {
      expect(await findFaults(payments.service.database)).toEqual([
        { rule: 'rentals and their postings agree', row: expect.stringContaining(held) },
      ]);
    });
  });

  it('tells the count to whoever watches', async () => {
    const sweep = payments.service.get<ProveBooks>(ProveBooks);
    const gauge = async () =>
      /^dc_ledger_faults\{.*\} (\d+)$/m.exec(await payments.service.metrics.registry.metrics())?.[1];
    await sweep.sweep(NOW);
    expect(await gauge()).toBe('0');
    await corrupt(
      `update ledger_account set balance_e9s = balance_e9s + 1 where kind = 'wallet'`,
      async () => {
        await sweep.sweep(NOW);
        expect(await gauge()).toBe('1');
      },
    );
    await sweep.sweep(NOW);
    expect(await gauge()).toBe('0');
  });

  it('happens by itself, by the clock', async () => {
    await eventually(async () => {
      const text = await payments.service.metrics.registry.metrics();
      return /^dc_sweep_duration_seconds_count\{.*sweep="prove-books".*outcome="ok".*\} [1-9]/m.test(text);
    });
  });

  it('is a program that ends with 0, or with 1 and what it found', async () => {
    expect(await program()).toEqual({ code: 0, text: 'the books are right\n' });
    await corrupt(
      `update ledger_account set balance_e9s = balance_e9s + 1 where kind = 'wallet'`,
      async () => {
        const { code, text } = await program();
        expect(code).toBe(1);
        expect(text).toContain(`BROKEN: every balance is the sum of its postings: `);
        expect(text).toContain(alice.accountId);
      },
    );
  }, 30_000);

  it('the program refuses a Node that it does not work on, instead of saying nothing', async () => {
    const { code, text } = await program('--import', OLDER);
    expect(text).toContain('needs Node 24.9 or newer; this is 20.20.2');
    expect(code).toBe(3);
  });
});

/** A Node that says it is an older one. */
const OLDER = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.20.2"})';

function program(...options: string[]): Promise<{ code: number; text: string }> {
  const file = join(import.meta.dirname, '../bundle/check-books.js');
  return new Promise((done) => {
    execFile(
      process.execPath,
      [...options, file],
      { env: { ...process.env, DATABASE_URL: payments.db.url }, timeout: 20_000 },
      (error, stdout, stderr) => done({ code: error ? Number(error.code) : 0, text: stdout + stderr }),
    );
  });
}
