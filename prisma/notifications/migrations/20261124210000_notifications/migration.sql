-- What people are told, in the application and by mail. Times are Unix nanoseconds.
create table recipient (
  account_id    text primary key check (account_id ~ '^[0-9a-f]{32}$'),
  -- Null: nobody registered this account yet.
  email         text check (octet_length(email) <= 255),
  updated_at_ns bigint not null
);

create table notification (
  id                bigserial primary key,
  -- The fact that it comes from, and who is told: an account, or a key that belongs to none.
  message_id        text not null,
  recipient         text not null,
  account_id        text,
  public_key        text,
  notification_type text not null,
  title             text not null,
  body              text not null,
  contract_id       text,
  offering_id       bigint,
  price_direction   text check (price_direction in ('up', 'down')),
  read_at_ns        bigint,
  created_at_ns     bigint not null,
  constraint notification_recipient_known check (account_id is not null or public_key is not null)
);
create unique index notification_message_id_recipient_key on notification (message_id, recipient);
create index notification_account_id_id_idx on notification (account_id, id);
create index notification_public_key_id_idx on notification (public_key, id);
create index notification_account_id_read_at_ns_idx on notification (account_id, read_at_ns);
create index notification_public_key_read_at_ns_idx on notification (public_key, read_at_ns);
create index notification_read_at_ns_idx on notification (read_at_ns);
create index notification_created_at_ns_idx on notification (created_at_ns);

-- The newest that is known of each contract: decides which mails have been overtaken.
create table contract_standing (
  contract_id   text primary key,
  version       integer not null,
  status        text not null,
  updated_at_ns bigint not null
);
create index contract_standing_updated_at_ns_idx on contract_standing (updated_at_ns);

create table mail (
  -- Also the Message-ID: receivers recognise a repeat by it.
  id                 uuid primary key,
  notification_id    bigint not null,
  account_id         text not null,
  subject            text not null,
  body               text not null,
  link_path          text not null,
  contract_id        text,
  -- Dropped when the contract leaves this status before the mail is sent.
  while_status       text,
  state              text not null default 'queued' check (state in ('queued', 'sent', 'failed', 'dropped')),
  attempts           integer not null default 0 check (attempts >= 0),
  next_attempt_at_ns bigint not null,
  leased_until_ns    bigint not null default 0,
  last_error         text,
  created_at_ns      bigint not null,
  ended_at_ns        bigint,
  constraint mail_ended check ((state = 'queued') = (ended_at_ns is null))
);
create unique index mail_notification_id_key on mail (notification_id);
create index mail_state_next_attempt_at_ns_idx on mail (state, next_attempt_at_ns);
create index mail_contract_id_idx on mail (contract_id);
create index mail_ended_at_ns_idx on mail (ended_at_ns);
