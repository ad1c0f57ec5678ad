-- The tables that every service has beside its own: what it has to say, what it has heard, which calls it has answered.
create schema messaging;

create table messaging.outbox (
  id            uuid primary key,
  seq           bigint generated always as identity,
  subject       text not null,
  payload       text not null,
  headers       jsonb not null default '{}',
  created_at    timestamptz not null default clock_timestamp(),
  claimed_until timestamptz not null default '-infinity',
  sent_at       timestamptz,
  stream        text,
  stream_seq    bigint
);
create index outbox_unsent on messaging.outbox (seq) where sent_at is null;
create index outbox_sent on messaging.outbox (stream, stream_seq) where sent_at is not null;
create index outbox_age on messaging.outbox (created_at);

-- What the relay knows of each stream: a new `created` or a smaller last sequence means that messages are gone.
create table messaging.outbox_stream (
  stream   text primary key,
  created  text not null,
  last_seq bigint not null
);

create table messaging.inbox (
  consumer    text not null,
  message_id  text not null,
  received_at timestamptz not null default now(),
  primary key (consumer, message_id)
);
create index inbox_age on messaging.inbox (received_at);

create table messaging.idempotency_key (
  caller       text not null,
  subject      text not null,
  key          text not null,
  input_hash   text not null,
  operation_id uuid not null,
  answer       text,
  claimed_until timestamptz not null,
  created_at   timestamptz not null default now(),
  primary key (caller, subject, key)
);
create index idempotency_key_age on messaging.idempotency_key (created_at);

create function messaging.notify_outbox() returns trigger language plpgsql as $$
begin
  perform pg_notify('outbox', '');
  return null;
end $$;
create trigger outbox_inserted after insert on messaging.outbox
  for each statement execute function messaging.notify_outbox();
