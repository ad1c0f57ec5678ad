-- Agents that poll over HTTP: how such an agent was heard last decides how it is given work.
alter table agent add column polls boolean not null default false;

-- Who rents it: tenants may ask how their machine is.
alter table assignment
  add column requester_public_key text,
  add column requester_account_id text,
  add column provider_account_id  text;

alter table machine
  -- until when a polling agent has it in hand; null when it has not, and for agents that get orders
  add column lease_expires_at_ns bigint,
  -- reported over HTTP: an agent that gets orders cannot see it as its own
  add column made_by_polling     boolean not null default false,
  -- when a polling agent that saw it running was told to terminate it
  add column told_to_go_at_ns    bigint;

-- What agents saw when they looked at machines. Old ones are dropped; the totals stay.
create table health_check (
  id               bigserial primary key,
  contract_id      text not null references assignment (contract_id),
  agent_public_key text not null,
  checked_at_ns    bigint not null,
  status           text not null check (status in ('healthy', 'unhealthy', 'unknown')),
  latency_ms       integer check (latency_ms >= 0),
  details          text,
  created_at_ns    bigint not null,
  constraint health_check_once unique (contract_id, checked_at_ns)
);
create index health_check_age on health_check (created_at_ns);

create table health_total (
  contract_id        text primary key references assignment (contract_id),
  healthy            bigint not null default 0,
  unhealthy          bigint not null default 0,
  unknown            bigint not null default 0,
  latency_ms         bigint not null default 0,
  latencies          bigint not null default 0,
  last_checked_at_ns bigint not null
);
