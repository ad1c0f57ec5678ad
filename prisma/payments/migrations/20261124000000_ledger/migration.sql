-- Double entry: every movement is a transfer whose postings sum to zero per currency. Positive is more in the account.
create table ledger_account (
  id          bigint generated always as identity primary key,
  kind        text not null constraint ledger_account_kind
                check (kind in ('wallet', 'escrow', 'provider_earned', 'external_test')),
  -- wallet: account id; escrow: contract id; provider_earned: the provider's key; external_test: 'test'.
  owner       text not null,
  currency    text not null constraint ledger_account_currency check (currency ~ '^[A-Z]{3}$'),
  balance_e9s bigint not null default 0,
  constraint ledger_account_key unique (kind, owner, currency),
  constraint ledger_account_id_currency unique (id, currency),
  -- What comes from outside may be owed without limit; nobody else may.
  constraint ledger_account_floor check (kind = 'external_test' or balance_e9s >= 0)
);

create table ledger_transfer (
  id              bigint generated always as identity primary key,
  idempotency_key text not null constraint ledger_transfer_idempotency_key unique,
  purpose         text not null constraint ledger_transfer_purpose
                    check (purpose in ('topup', 'rental_charge', 'rental_settlement')),
  reference       text not null,
  created_at_ns   bigint not null
);
create unique index ledger_transfer_rental on ledger_transfer (purpose, reference)
  where purpose in ('rental_charge', 'rental_settlement');
create index ledger_transfer_reference on ledger_transfer (reference);

create table ledger_posting (
  id                bigint generated always as identity primary key,
  transfer_id       bigint not null references ledger_transfer (id),
  account_id        bigint not null,
  currency          text not null,
  amount_e9s        bigint not null constraint ledger_posting_amount check (amount_e9s <> 0),
  balance_after_e9s bigint not null,
  constraint ledger_posting_once unique (transfer_id, account_id),
  constraint ledger_posting_account foreign key (account_id, currency) references ledger_account (id, currency)
);
create index ledger_posting_of_account on ledger_posting (account_id, id desc);

-- The balance moves with the posting and in no other way.
create function apply_ledger_posting() returns trigger language plpgsql as $$
begin
  update ledger_account set balance_e9s = balance_e9s + new.amount_e9s
    where id = new.account_id returning balance_e9s into new.balance_after_e9s;
  return new;
end $$;
create trigger ledger_posting_apply before insert on ledger_posting
  for each row execute function apply_ledger_posting();

create function guard_ledger_account() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' and new.balance_e9s = 0 then return new; end if;
  if tg_op = 'UPDATE' and pg_trigger_depth() > 1
    and (new.id, new.kind, new.owner, new.currency) = (old.id, old.kind, old.owner, old.currency)
  then return new; end if;
  raise exception 'ledger_account: balances move by postings only (%)', tg_op using errcode = 'restrict_violation';
end $$;
create trigger ledger_account_guard before insert or update or delete on ledger_account
  for each row execute function guard_ledger_account();

create function refuse_ledger_change() returns trigger language plpgsql as $$
begin
  raise exception '%: append only (%)', tg_table_name, tg_op using errcode = 'restrict_violation';
end $$;
create trigger ledger_transfer_append_only before update or delete on ledger_transfer
  for each row execute function refuse_ledger_change();
create trigger ledger_posting_append_only before update or delete on ledger_posting
  for each row execute function refuse_ledger_change();
create trigger ledger_account_no_truncate before truncate on ledger_account execute function refuse_ledger_change();
create trigger ledger_transfer_no_truncate before truncate on ledger_transfer execute function refuse_ledger_change();
create trigger ledger_posting_no_truncate before truncate on ledger_posting execute function refuse_ledger_change();

create function check_ledger_transfer() returns trigger language plpgsql as $$
declare
  wanted bigint;
  postings bigint;
begin
  if tg_table_name = 'ledger_transfer' then wanted := new.id; else wanted := new.transfer_id; end if;
  select count(*) into postings from ledger_posting where transfer_id = wanted;
  if postings < 2 or exists (
    select 1 from ledger_posting where transfer_id = wanted group by currency having sum(amount_e9s) <> 0
  ) then
    raise exception 'transfer % does not balance', wanted using errcode = 'check_violation', constraint = 'ledger_transfer_balances';
  end if;
  return null;
end $$;
create constraint trigger ledger_transfer_balances after insert on ledger_transfer
  deferrable initially deferred for each row execute function check_ledger_transfer();
create constraint trigger ledger_posting_balances after insert on ledger_posting
  deferrable initially deferred for each row execute function check_ledger_transfer();

-- What the ledger did for one contract. `void`: it ended without a charge, and a late one is refused.
create table rental (
  contract_id         text primary key constraint rental_contract_id check (contract_id ~ '^[0-9a-f]{64}$'),
  state               text not null constraint rental_state check (state in ('charged', 'settled', 'void')),
  account_id          text,
  currency            text,
  charged_e9s         bigint not null default 0,
  refunded_e9s        bigint not null default 0,
  earned_e9s          bigint not null default 0,
  provider_public_key text,
  charged_at_ns       bigint,
  ended_at_ns         bigint,
  constraint rental_amounts check (charged_e9s >= 0 and refunded_e9s >= 0 and earned_e9s >= 0),
  constraint rental_books check (
    case state
      when 'void' then charged_e9s = 0 and refunded_e9s = 0 and earned_e9s = 0
      when 'charged' then charged_e9s > 0 and refunded_e9s = 0 and earned_e9s = 0
      else charged_e9s > 0 and refunded_e9s + earned_e9s = charged_e9s
    end
  ),
  constraint rental_charge_complete check (
    state = 'void' or (account_id is not null and currency is not null and charged_at_ns is not null)
  )
);
