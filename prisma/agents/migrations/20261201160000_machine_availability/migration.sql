-- Whether machines that are to run do, and for how long they did not.
alter table assignment
  -- counts the changes that the contract is told of
  add column availability_version integer not null default 0 check (availability_version >= 0),
  add column down_since_ns        bigint,
  add column down_ns              bigint not null default 0 check (down_ns >= 0);

alter table machine
  add column availability text not null default 'up' check (availability in ('up', 'stopped', 'missing', 'lost')),
  -- how it is reached, as its agent said last
  add column instance     jsonb,
  drop constraint machine_outcome_check,
  add constraint machine_outcome_check check
    (outcome in ('unclaimed', 'silent', 'timeout', 'transient', 'capacity', 'config', 'permanent', 'lost'));

-- of the newest full report: older ones say nothing about what runs
alter table agent add column observed_at_ns bigint not null default 0;
