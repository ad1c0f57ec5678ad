-- Redelivered messages that are being worked on: what stays here was in hand when a process ended.
create table messaging.attempt (
  consumer   text not null,
  message_id text not null,
  unended    integer not null check (unended > 0),
  begun_at   timestamptz not null default now(),
  primary key (consumer, message_id)
);
