create table counter (operation_id uuid primary key, amount bigint not null);
create table refund_seen (contract_id text not null);
