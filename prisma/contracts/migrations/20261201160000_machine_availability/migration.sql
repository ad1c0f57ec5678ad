alter table contract
  -- what its agent says of the machine; the newest version counts
  add column machine_availability    text not null default 'up'
    check (machine_availability in ('up', 'stopped', 'missing', 'lost')),
  add column availability_version    integer not null default 0,
  add column machine_down_since_ns   bigint,
  -- ended times without a machine, in sum: they are not paid for
  add column machine_down_ns         bigint not null default 0 check (machine_down_ns >= 0),
  -- when the agent said how the machine is reached
  add column instance_at_ns          bigint,
  -- what the tenant wants when the machine is lost
  add column when_machine_lost       text not null default 'end' check (when_machine_lost in ('end', 'make-again')),
  add column machine_wanted_again_at_ns bigint;
