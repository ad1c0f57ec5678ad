-- Rentals: what was agreed, where each one is in its life, and everything that happened to it.
create table contract (
  contract_id                  text primary key check (contract_id ~ '^[0-9a-f]{64}$'),
  operation_id                 uuid not null,
  version                      integer not null check (version >= 1),
  status                       text not null constraint contract_status_known check (status in (
                                 'requested', 'pending', 'accepted', 'provisioning', 'provisioned', 'active', 'paused',
                                 'rejected', 'cancelled', 'expired', 'provisioningfailed')),
  status_updated_at_ns         bigint not null,
  status_updated_by            text not null,
  deadline_at_ns               bigint,
  requester_pubkey             text not null check (requester_pubkey ~ '^[0-9a-f]{64}$'),
  requester_account_id         text not null check (requester_account_id ~ '^[0-9a-f]{32}$'),
  requester_ssh_pubkey         text not null,
  requester_contact            text not null,
  provider_pubkey              text not null check (provider_pubkey ~ '^[0-9a-f]{64}$'),
  provider_account_id          text check (provider_account_id ~ '^[0-9a-f]{32}$'),
  offering_db_id               bigint not null,
  offering_id                  text not null,
  offering_name                text not null,
  agent_pool_id                text,
  datacenter_country           text not null,
  machine_spec                 jsonb not null,
  encryption_public_keys       text[] not null check (cardinality(encryption_public_keys) between 1 and 20),
  auto_accept                  boolean not null,
  price_e9s                    bigint not null check (price_e9s >= 0),
  currency                     text not null check (currency <> ''),
  payment_method               text not null check (payment_method in ('wallet', 'test')),
  payment_status               text not null check (payment_status in
                                 ('pending', 'succeeded', 'refunded', 'failed', 'disputed')),
  paid_e9s                     bigint not null default 0 check (paid_e9s >= 0),
  paid_at_ns                   bigint,
  refund_due_e9s               bigint check (refund_due_e9s >= 0),
  earned_e9s                   bigint check (earned_e9s >= 0),
  refund_amount_e9s            bigint check (refund_amount_e9s >= 0),
  refund_created_at_ns         bigint,
  duration_hours               integer not null check (duration_hours >= 1),
  original_duration_hours      integer not null check (original_duration_hours >= 1),
  request_memo                 text not null,
  buyer_address                text,
  operating_system             text,
  created_at_ns                bigint not null,
  accepted_at_ns               bigint,
  provisioning_completed_at_ns bigint,
  ends_at_ns                   bigint,
  paused_at_ns                 bigint,
  total_paused_ns              bigint not null default 0 check (total_paused_ns >= 0),
  machine_generation           integer not null default 0 check (machine_generation >= 0),
  instance_details             text,
  end_reason                   text,
  failure_message              text,
  terminated_at_ns             bigint,

  constraint contract_operation unique (operation_id),
  -- Whoever waits has a deadline, and whoever has ended has none.
  constraint contract_waits check (
    (deadline_at_ns is null) = (status in ('rejected', 'cancelled', 'expired', 'provisioningfailed'))),
  constraint contract_served_when_paid check (
    status not in ('accepted', 'provisioning', 'provisioned', 'active', 'paused') or payment_status = 'succeeded'),
  constraint contract_has_machine check (
    status not in ('provisioned', 'active', 'paused')
    or (instance_details is not null and provisioning_completed_at_ns is not null and ends_at_ns is not null)),
  constraint contract_settled check (
    case when status in ('rejected', 'cancelled', 'expired', 'provisioningfailed')
      then refund_due_e9s is not null and earned_e9s is not null and refund_due_e9s + earned_e9s = paid_e9s
      else refund_due_e9s is null and earned_e9s is null end),
  constraint contract_refund_bounded check (refund_amount_e9s <= price_e9s)
) with (fillfactor = 80);

create index contract_by_requester on contract (requester_account_id, created_at_ns desc, contract_id desc);
create index contract_by_requester_key on contract (requester_pubkey, created_at_ns desc, contract_id desc);
create index contract_by_provider on contract (provider_account_id, created_at_ns desc, contract_id desc);
create index contract_by_provider_key on contract (provider_pubkey, created_at_ns desc, contract_id desc);
-- What the reconcilers look at; ended contracts are in neither.
create index contract_deadline on contract (deadline_at_ns, contract_id) where deadline_at_ns is not null;
create index contract_unpaid on contract (created_at_ns, contract_id)
  where deadline_at_ns is not null and payment_status = 'pending';
create index contract_waiting on contract (status, status_updated_at_ns) where deadline_at_ns is not null;

create table contract_status_history (
  id            bigint generated always as identity primary key,
  contract_id   text not null references contract,
  version       integer not null,
  old_status    text,
  new_status    text not null,
  changed_by    text not null,
  changed_at_ns bigint not null,
  change_memo   text,
  -- Of the request that moved it: its repeat finds the move done.
  operation_id  uuid,
  constraint contract_status_history_version unique (contract_id, version),
  constraint contract_status_history_operation unique (operation_id)
);

create table contract_event (
  id            bigint generated always as identity primary key,
  contract_id   text not null references contract,
  event_type    text not null,
  old_status    text,
  new_status    text,
  actor         text not null check (actor in ('tenant', 'provider', 'system')),
  details       text,
  created_at_ns bigint not null
);
create index contract_event_by_contract on contract_event (contract_id, id);

-- Sealed for one key each; nobody here can open them.
create table contract_credential (
  contract_id          text not null references contract,
  recipient_public_key text not null,
  envelope             text not null,
  created_at_ns        bigint not null,
  expires_at_ns        bigint not null,
  primary key (contract_id, recipient_public_key)
);
create index contract_credential_expiry on contract_credential (expires_at_ns);
