-- Until when the machine is paid for, as the contract last said it; agents go by it when nobody can be asked.
alter table assignment
  add column ends_at_ns        bigint,
  add column paid_time_version integer not null default 0;

-- What tenants want done inside of their machines: ordered again until the agent answers or the deadline has passed.
create table machine_operation (
  operation_id           uuid primary key,
  contract_id            text not null check (contract_id ~ '^[0-9a-f]{64}$'),
  -- of the machine that it is for; 0 when there was none
  generation             integer not null check (generation >= 0),
  kind                   text not null check (kind in ('reset-password', 'rotate-ssh-key')),
  ssh_public_key         text,
  encryption_public_keys text[] not null default '{}',
  state                  text not null check (state in ('pending', 'done', 'failed')),
  requested_at_ns        bigint not null,
  deadline_ns            bigint not null,
  finished_at_ns         bigint,
  orders                 integer not null default 0,
  next_order_at_ns       bigint,
  failure_code           text,
  failure                text,
  check ((kind = 'rotate-ssh-key') = (ssh_public_key is not null)),
  check ((state = 'pending') = (finished_at_ns is null)),
  check ((state = 'pending') = (next_order_at_ns is not null)),
  check ((state = 'failed') = (failure_code is not null))
);
create index machine_operation_of_contract on machine_operation (contract_id, kind, requested_at_ns desc);
create index machine_operation_due on machine_operation (next_order_at_ns) where state = 'pending';
