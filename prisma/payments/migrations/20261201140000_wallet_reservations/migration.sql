-- Money of a wallet that a rental which is being made may count on; over at its moment, whoever forgets it.
create table wallet_reservation (
  reservation_id uuid primary key,
  account_id     text not null,
  currency       text not null,
  amount_e9s     bigint not null constraint wallet_reservation_amount check (amount_e9s > 0),
  until_ns       bigint not null
);
create index wallet_reservation_of_account on wallet_reservation (account_id, currency);
create index wallet_reservation_until on wallet_reservation (until_ns);
