-- When each step of a rental was done, as far as no other column says it. Null: not yet, or before this was noted.
alter table contract
  add column stock_held_at_ns      bigint,
  add column requested_at_ns       bigint,
  add column attempts              integer not null default 0 check (attempts >= 0),
  add column agent_assigned_at_ns  bigint,
  add column attempt_started_at_ns bigint,
  add column machine_made_at_ns    bigint,
  add column stock_released_at_ns  bigint;
