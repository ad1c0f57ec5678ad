-- Keys that somebody has named as those of an agent of a provider. Nothing follows from one until the key itself signs.
create table agent_invitation (
  agent_public_key    text not null check (agent_public_key ~ '^[0-9a-f]{64}$'),
  provider_public_key text not null check (provider_public_key ~ '^[0-9a-f]{64}$'),
  pool_id             text not null references pool (pool_id) on delete cascade,
  label               text,
  created_at_ns       bigint not null,
  primary key (agent_public_key, provider_public_key)
);
create index agent_invitation_of_pool on agent_invitation (pool_id);

-- Those of whom nothing signed was ever heard.
with silent as (
  delete from agent a
  where a.last_heartbeat_ns is null and a.account_public_key is null
    and not exists (select from machine m where m.agent_public_key = a.agent_public_key)
    and not exists (select from health_check h where h.agent_public_key = a.agent_public_key)
  returning agent_public_key, provider_public_key, pool_id, label, created_at_ns, revoked_at_ns
)
insert into agent_invitation (agent_public_key, provider_public_key, pool_id, label, created_at_ns)
  select agent_public_key, provider_public_key, pool_id, label, created_at_ns
  from silent where revoked_at_ns is null and pool_id is not null;
