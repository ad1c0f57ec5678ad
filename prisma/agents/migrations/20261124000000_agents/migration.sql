-- Groups of agents of one provider at one location.
create table pool (
  pool_id             text primary key,
  provider_public_key text not null check (provider_public_key ~ '^[0-9a-f]{64}$'),
  name                text not null,
  location            text not null check (location in ('europe', 'na', 'latam', 'apac', 'mena', 'ssa', 'cis')),
  provisioner_type    text not null,
  upgrade_to_version  text,
  created_at_ns       bigint not null,
  operation_id        uuid not null constraint pool_operation_key unique
);
create index pool_of_provider on pool (provider_public_key, created_at_ns desc, pool_id);

-- With one of these an agent joins a pool, once. Only the hash is kept; `shown` is what lists show of it.
create table setup_token (
  token_hash    text primary key check (token_hash ~ '^[0-9a-f]{64}$'),
  shown         text not null constraint setup_token_shown_key unique,
  pool_id       text not null references pool (pool_id) on delete cascade,
  label         text,
  created_at_ns bigint not null,
  expires_at_ns bigint not null check (expires_at_ns > created_at_ns),
  used_at_ns    bigint,
  used_by_agent text,
  check ((used_at_ns is null) = (used_by_agent is null))
);
create index setup_token_of_pool on setup_token (pool_id, created_at_ns desc, shown);

-- An agent that acts, or once acted, for a provider; with its account at the broker and what it last said of itself.
create table agent (
  agent_public_key    text primary key check (agent_public_key ~ '^[0-9a-f]{64}$'),
  provider_public_key text not null check (provider_public_key ~ '^[0-9a-f]{64}$'),
  pool_id             text references pool (pool_id) on delete set null,
  permissions         text[] not null,
  label               text,
  created_at_ns       bigint not null,
  expires_at_ns       bigint,
  revoked_at_ns       bigint,
  -- the broker's account of this agent: its public key, the claims as they shall stand at the broker, what they were made from
  account_public_key  text constraint agent_account_key unique,
  account_jwt         text,
  account_shape       text,
  account_push_due    boolean not null default false,
  -- rises with every change of what this agent shall have
  desired_version     bigint not null default 0,
  last_heartbeat_ns   bigint,
  version             text,
  provisioner_types   text[] not null default '{}',
  active_contracts    integer not null default 0,
  free_slots          integer not null default 0,
  resources           jsonb,
  -- machines in its last full report that nobody ordered
  unknown_machines    integer not null default 0,
  check ((account_public_key is null) = (account_jwt is null))
);
create index agent_of_provider on agent (provider_public_key, created_at_ns desc, agent_public_key);
create index agent_of_pool on agent (pool_id, created_at_ns desc, agent_public_key);
create index agent_account_push_due on agent (agent_public_key) where account_push_due;

-- What became of an accepted contract: who is to make its machine. `ended` is final and may come first.
create table assignment (
  contract_id            text primary key check (contract_id ~ '^[0-9a-f]{64}$'),
  state                  text not null check (state in ('waiting', 'offered', 'claimed', 'provisioned', 'failed', 'ended')),
  -- of the newest attempt; 0 before the first
  generation             integer not null default 0 check (generation >= 0),
  provider_public_key    text,
  agent_pool_id          text,
  datacenter_country     text,
  spec                   jsonb,
  encryption_public_keys text[] not null default '{}',
  deadline_ns            bigint not null default 0,
  -- since when no agent could be found
  waiting_since_ns       bigint,
  -- a failure that passes: this agent gets the next attempt
  retry_agent            text,
  -- when the coordinator looks at it next without being asked
  due_at_ns              bigint,
  failure_reason         text,
  created_at_ns          bigint not null,
  updated_at_ns          bigint not null,
  removed_at_ns          bigint,
  check (state = 'ended' or spec is not null)
);
create index assignment_due on assignment (due_at_ns) where due_at_ns is not null;
create index assignment_open on assignment (state, updated_at_ns) where state in ('waiting', 'offered', 'claimed');

-- One attempt at a contract's machine: the fence is (contract_id, generation).
create table machine (
  contract_id       text not null references assignment (contract_id),
  generation        integer not null check (generation >= 1),
  agent_public_key  text not null references agent (agent_public_key),
  desired           text not null check (desired in ('running', 'absent')),
  state             text not null check (state in ('offered', 'claimed', 'provisioned', 'failed', 'gone')),
  -- why this attempt ended, when it did
  outcome           text check (outcome in ('unclaimed', 'silent', 'timeout', 'transient', 'capacity', 'config', 'permanent')),
  external_id       text,
  offered_at_ns     bigint not null,
  settled_at_ns     bigint,
  absent_since_ns   bigint,
  orders            integer not null default 0,
  next_order_at_ns  bigint,
  lost_at_ns        bigint,
  updated_at_ns     bigint not null,
  primary key (contract_id, generation),
  check ((desired = 'absent') = (absent_since_ns is not null))
);
create index machine_of_agent on machine (agent_public_key) where state <> 'gone';
create index machine_to_remove on machine (next_order_at_ns) where desired = 'absent' and state <> 'gone';
