-- People and their keys. Times are Unix nanoseconds, ids 32 hex characters, public keys 64.
create table account (
  id                 text primary key check (id ~ '^[0-9a-f]{32}$'),
  username           text not null check (octet_length(username) between 3 and 64),
  canonical_username text not null check (canonical_username = lower(username)),
  email              text not null check (email = lower(email) and octet_length(email) between 3 and 255),
  email_verified     boolean not null,
  -- Made by a rental, not by a person: its name and address are placeholders until the key registers.
  auto_created       boolean not null,
  is_admin           boolean not null default false,
  display_name       text check (octet_length(display_name) <= 255),
  bio                text check (octet_length(bio) <= 4096),
  avatar_url         text check (octet_length(avatar_url) <= 2048),
  profile_updated_at_ns bigint,
  created_at_ns      bigint not null,
  updated_at_ns      bigint not null
);
create unique index account_canonical_username_key on account (canonical_username);
create unique index account_email_key on account (email);

create table account_key (
  id                 text primary key check (id ~ '^[0-9a-f]{32}$'),
  account_id         text not null,
  public_key         text not null check (public_key ~ '^[0-9a-f]{64}$'),
  is_active          boolean not null default true,
  -- The holder signed for belonging to this account; false for keys that another key of the account added.
  proven             boolean not null,
  device_name        text check (octet_length(device_name) <= 255),
  added_at_ns        bigint not null,
  disabled_at_ns     bigint,
  disabled_by_key_id text,
  operation_id       uuid not null,
  constraint account_key_account_id_fkey foreign key (account_id) references account (id) on delete cascade on update no action,
  constraint account_key_disabled_by_key_id_fkey foreign key (disabled_by_key_id) references account_key (id) on delete set null on update no action,
  constraint account_key_active_or_disabled check (is_active = (disabled_at_ns is null))
);
create unique index account_key_public_key_key on account_key (public_key);
create unique index account_key_operation_id_key on account_key (operation_id);
create index account_key_account_id_added_at_ns_idx on account_key (account_id, added_at_ns);
create index account_key_disabled_by_key_id_idx on account_key (disabled_by_key_id);

create table external_key (
  id              bigserial primary key,
  account_id      text not null,
  key_type        text not null check (octet_length(key_type) <= 64),
  key_data        text not null check (octet_length(key_data) <= 10000),
  key_fingerprint text check (octet_length(key_fingerprint) <= 255),
  label           text check (octet_length(label) <= 255),
  created_at_ns   bigint not null,
  operation_id    uuid not null,
  constraint external_key_account_id_fkey foreign key (account_id) references account (id) on delete cascade on update no action
);
create unique index external_key_operation_id_key on external_key (operation_id);
create index external_key_account_id_id_idx on external_key (account_id, id);
