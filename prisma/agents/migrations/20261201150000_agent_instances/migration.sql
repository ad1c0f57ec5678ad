-- Processes that act, or acted, as an agent: one at a time for each agent.
create table agent_instance (
  agent_public_key text not null references agent (agent_public_key),
  instance_id      uuid not null,
  host             text not null,
  -- where its data is, as a hash: a copy elsewhere is another place; and the start of that host
  place            text not null,
  boot             text not null,
  began_at_ns      bigint not null,
  -- when it opened a session last
  seen_at_ns       bigint not null,
  ended_at_ns      bigint,
  ended_by         text check (ended_by in ('left', 'restart', 'reboot', 'silence')),
  primary key (agent_public_key, instance_id),
  check ((ended_at_ns is null) = (ended_by is null))
);
create unique index agent_instance_at_work on agent_instance (agent_public_key) where ended_at_ns is null;

-- Who was turned away last because another one is at work, or looks like a second one.
create table agent_rival (
  agent_public_key text primary key references agent (agent_public_key),
  kind             text not null check (kind in ('session', 'polling', 'two-polling')),
  instance_id      uuid,
  host             text,
  since_ns         bigint not null,
  seen_ns          bigint not null,
  -- when the provider was told last
  told_at_ns       bigint
);

alter table agent
  -- the broker refuses what was issued to its users up to this second
  add column users_from_seconds bigint,
  -- its last heartbeats over HTTP, and by what they can be told apart
  add column polled_beats       jsonb not null default '[]';
