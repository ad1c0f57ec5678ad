-- Gateways of data centres. The first provider that takes a dc_id has it for good; of its key only the hash is kept.
create table dc_gateway (
  dc_id               text primary key check (dc_id ~ '^[a-z0-9][a-z0-9-]{0,18}[a-z0-9]$'),
  provider_public_key text not null check (provider_public_key ~ '^[0-9a-f]{64}$'),
  acme_user           uuid not null constraint dc_gateway_acme_user_key unique,
  acme_key_hash       text not null check (acme_key_hash ~ '^[0-9a-f]{64}$'),
  -- the two newest answers to challenges, newest first
  txt_values          text[] not null default '{}' check (cardinality(txt_values) <= 2),
  registered_at_ns    bigint not null,
  rotated_at_ns       bigint not null
);
create unique index dc_gateway_of_provider on dc_gateway (provider_public_key, dc_id);

-- Names of machines behind gateways: what is to be in the zone. Written before the zone is, and after.
create table dns_record (
  dc_id               text not null,
  slug                text not null check (slug ~ '^[a-z0-9]{6}$'),
  provider_public_key text not null,
  address             text,
  -- making: nobody was told yet that it is there; what never became known is taken back
  state               text not null check (state in ('making', 'present', 'removing')),
  -- rises whenever somebody begins to write it
  version             integer not null default 1,
  attempts            integer not null default 0,
  -- until then one process writes it, and no other does
  busy_until_ns       bigint,
  -- when it is looked at without being asked; null when the zone is as it should be
  due_at_ns           bigint,
  -- whose machine it leads to, once its agent has said so
  contract_id         text,
  created_at_ns       bigint not null,
  updated_at_ns       bigint not null,
  primary key (dc_id, slug),
  foreign key (provider_public_key, dc_id) references dc_gateway (provider_public_key, dc_id),
  check (state = 'removing' or address is not null),
  check (state = 'present' or due_at_ns is not null)
);
create index dns_record_due on dns_record (due_at_ns) where due_at_ns is not null;
create index dns_record_of_contract on dns_record (contract_id) where contract_id is not null;
create index dns_record_of_provider on dns_record (provider_public_key, dc_id);
