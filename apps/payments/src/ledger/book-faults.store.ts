import type { Database, Sql } from '@decent-cloud/postgres';

export interface BookFault {
  readonly rule: string;
  /** Which row breaks it, with the figures that do not fit. */
  readonly row: string;
}

const SHOWN_PER_RULE = 50;
const STATEMENT_TIMEOUT_MS = 300_000;

/** What must hold in the books at any time, each as a query that finds the rows that break it. */
const RULES: Readonly<Record<string, string>> = {
  'every transfer sums to zero per currency': `
    select transfer_id, currency, sum(amount_e9s) as sum_e9s from ledger_posting
    group by transfer_id, currency having sum(amount_e9s) <> 0`,
  'every transfer has at least two postings': `
    select transfer.id as transfer_id, count(posting.id) as postings
    from ledger_transfer transfer left join ledger_posting posting on posting.transfer_id = transfer.id
    group by transfer.id having count(posting.id) < 2`,
  'every posting belongs to a transfer and to an account of its currency': `
    select posting.id as posting_id, posting.transfer_id, posting.account_id, posting.currency from ledger_posting posting
    left join ledger_transfer transfer on transfer.id = posting.transfer_id
    left join ledger_account account on account.id = posting.account_id and account.currency = posting.currency
    where transfer.id is null or account.id is null`,
  'no account is below its floor': `
    select id as account_id, kind, owner, balance_e9s from ledger_account
    where kind <> 'external_test' and balance_e9s < 0`,
  'every balance is the sum of its postings': `
    select account.id as account_id, account.kind, account.owner, account.balance_e9s,
      coalesce(sum(posting.amount_e9s), 0) as sum_e9s
    from ledger_account account left join ledger_posting posting on posting.account_id = account.id
    group by account.id having account.balance_e9s <> coalesce(sum(posting.amount_e9s), 0)`,
  'every posting says the balance that it left': `
    select id as posting_id, account_id, balance_after_e9s, running_e9s from (
      select id, account_id, balance_after_e9s, sum(amount_e9s) over (partition by account_id order by id) as running_e9s
      from ledger_posting) as chain
    where balance_after_e9s <> running_e9s`,
  'every id and idempotency key is there once': `
    select what, key, count(*) as times from (
      select 'transfer id' as what, id::text as key from ledger_transfer
      union all select 'idempotency key', idempotency_key from ledger_transfer
      union all select 'posting id', id::text from ledger_posting
      union all select 'account id', id::text from ledger_account
      union all select 'account name', concat_ws(':', kind, owner, currency) from ledger_account
      union all select 'contract id', contract_id from rental) as keys
    group by what, key having count(*) > 1`,
  'every rental is charged at most once and settled at most once': `
    select purpose, reference, count(*) as times from ledger_transfer
    where purpose in ('rental_charge', 'rental_settlement') group by purpose, reference having count(*) > 1`,
  'charged is refunded plus earned when a rental is settled': `
    select contract_id, state, charged_e9s, refunded_e9s, earned_e9s from rental
    where case state
      when 'settled' then charged_e9s <= 0 or refunded_e9s < 0 or earned_e9s < 0 or charged_e9s <> refunded_e9s + earned_e9s
      when 'charged' then charged_e9s <= 0 or refunded_e9s <> 0 or earned_e9s <> 0
      else charged_e9s <> 0 or refunded_e9s <> 0 or earned_e9s <> 0 end`,
  'rentals and their postings agree': `
    select contract_id, state, charged_e9s, refunded_e9s, earned_e9s, moved.* from rental
    full join (
      select transfer.reference,
        coalesce(sum(posting.amount_e9s) filter (where purpose = 'rental_charge' and kind = 'escrow'), 0) as held_e9s,
        coalesce(sum(posting.amount_e9s) filter (where purpose = 'rental_charge' and kind = 'wallet'), 0) as debited_e9s,
        coalesce(sum(posting.amount_e9s) filter (where purpose = 'rental_settlement' and kind = 'wallet'), 0) as returned_e9s,
        coalesce(sum(posting.amount_e9s) filter (where purpose = 'rental_settlement' and kind = 'provider_earned'), 0) as paid_e9s,
        coalesce(sum(posting.amount_e9s) filter (where kind = 'escrow'), 0) as escrow_e9s
      from ledger_transfer transfer
      join ledger_posting posting on posting.transfer_id = transfer.id
      join ledger_account account on account.id = posting.account_id
      where purpose in ('rental_charge', 'rental_settlement')
      group by transfer.reference) as moved on moved.reference = rental.contract_id
    where contract_id is null
      or charged_e9s <> coalesce(held_e9s, 0) or charged_e9s <> -coalesce(debited_e9s, 0)
      or refunded_e9s <> coalesce(returned_e9s, 0) or earned_e9s <> coalesce(paid_e9s, 0)
      or coalesce(escrow_e9s, 0) <> case state when 'charged' then charged_e9s else 0 end`,
};

export const RULE_NAMES = Object.keys(RULES);

/** Proves the books: every row that breaks a rule, at most 50 for each rule, all seen at one moment. */
export async function findFaults(database: Database): Promise<BookFault[]> {
  return database.transaction(async (sql: Sql) => {
    await sql.query('set transaction isolation level repeatable read, read only');
    await sql.query(`set local statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
    const faults: BookFault[] = [];
    for (const [rule, query] of Object.entries(RULES)) {
      const rows = await sql.query<Record<string, unknown>>(`${query} limit ${SHOWN_PER_RULE}`);
      faults.push(...rows.map((row) => ({ rule, row: describe(row) })));
    }
    return faults;
  });
}

const describe = (row: Record<string, unknown>): string =>
  Object.entries(row)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
