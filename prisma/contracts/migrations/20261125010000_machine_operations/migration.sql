-- What the tenant waits for inside of the machine; null when nothing is under way.
alter table contract
  add column password_reset_requested_at_ns   bigint,
  add column ssh_key_rotation_requested_at_ns bigint;

-- Each of these requests: a repeat finds it, and its answer finds what was asked for.
create table contract_machine_operation (
  operation_id           uuid primary key,
  contract_id            text not null references contract,
  kind                   text not null check (kind in ('reset-password', 'rotate-ssh-key')),
  ssh_public_key         text,
  encryption_public_keys text[] not null default '{}',
  requested_at_ns        bigint not null,
  outcome                text check (outcome in ('done', 'failed')),
  finished_at_ns         bigint,
  check ((kind = 'rotate-ssh-key') = (ssh_public_key is not null)),
  check ((outcome is null) = (finished_at_ns is null))
);
create index contract_machine_operation_of_contract on contract_machine_operation (contract_id, kind, requested_at_ns desc);

-- The end of what the offering's script has printed in each machine of a contract.
create table contract_script_run (
  contract_id    text not null references contract,
  generation     integer not null check (generation >= 1),
  success        boolean not null,
  exit_code      integer not null,
  log            text not null,
  finished_at_ns bigint not null,
  primary key (contract_id, generation)
);
