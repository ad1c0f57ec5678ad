-- Keys that an account would like to have. Nothing follows from one until the holder of the key signs for the account.
create table key_invitation (
  id            text primary key check (id ~ '^[0-9a-f]{32}$'),
  account_id    text not null,
  public_key    text not null check (public_key ~ '^[0-9a-f]{64}$'),
  device_name   text check (octet_length(device_name) <= 255),
  invited_at_ns bigint not null,
  operation_id  uuid not null,
  constraint key_invitation_account_id_fkey foreign key (account_id) references account (id) on delete cascade on update no action
);
create unique index key_invitation_account_id_public_key_key on key_invitation (account_id, public_key);
create unique index key_invitation_operation_id_key on key_invitation (operation_id);
create index key_invitation_public_key_invited_at_ns_idx on key_invitation (public_key, invited_at_ns);

-- A key that was added by another one was never asked. It has signed for the account only if it has disabled a key of it.
-- The disabled ones go for good: nobody may shut out a key by naming it.
with never_signed as (
  delete from account_key k
  where not k.proven and not exists (select from account_key other where other.disabled_by_key_id = k.id)
  returning id, account_id, public_key, device_name, added_at_ns, operation_id, is_active
)
insert into key_invitation (id, account_id, public_key, device_name, invited_at_ns, operation_id)
  select id, account_id, public_key, device_name, added_at_ns, operation_id from never_signed where is_active;
alter table account_key drop column proven;
