create extension if not exists pg_trgm;

-- Columns are what is filtered, sorted, counted or moved; what is only shown stands in `details` under its wire name.
create table offering (
  id                        bigint generated always as identity primary key,
  operation_id              uuid not null constraint offering_operation unique,
  provider_public_key       text not null constraint offering_provider check (provider_public_key ~ '^[0-9a-f]{64}$'),
  provider_account_id       text,
  offering_id               text not null,
  offer_name                text not null,
  description               text,
  product_type              text not null,
  visibility                text not null,
  is_draft                  boolean not null,
  publish_at                timestamptz,
  currency                  text not null constraint offering_currency check (currency ~ '^[A-Z]{3}$'),
  monthly_price_e9s         bigint not null,
  setup_fee_e9s             bigint not null,
  price_per_unit_e9s        bigint,
  overage_price_per_unit_e9s bigint,
  stock_status              text not null,
  -- Null: one unit.
  stock_total               integer constraint offering_stock_total check (stock_total >= 0),
  datacenter_country        text not null,
  min_contract_hours        integer,
  max_contract_hours        integer,
  offering_source           text not null constraint offering_source
                              check (offering_source in ('provider', 'seeded', 'generated', 'self_provisioned')),
  provisioner_type          text,
  agent_pool_id             text,
  post_provision_script     text,
  details                   jsonb not null,
  reliability_score         double precision,
  trust_score               integer,
  created_at_ns             bigint not null,
  updated_at_ns             bigint not null,
  -- Taken off the market for good; the row stays for holds and history.
  deleted_at_ns             bigint,
  is_listed                 boolean generated always as (deleted_at_ns is null and not is_draft and visibility = 'public') stored,
  -- Best first, unknown last, and yet all ascending: one row comparison continues a page.
  reliability_order         double precision generated always as (-coalesce(reliability_score, -1)) stored,
  trust_order               integer generated always as (-coalesce(trust_score, -1)) stored,
  constraint offering_prices check (
    monthly_price_e9s >= 0 and setup_fee_e9s >= 0 and price_per_unit_e9s >= 0 and overage_price_per_unit_e9s >= 0
  )
);
create unique index offering_slug on offering (provider_public_key, offering_id) where deleted_at_ns is null;
create index offering_ranked on offering (reliability_order, trust_order, monthly_price_e9s, id) where is_listed;
create index offering_ranked_type on offering (product_type, reliability_order, trust_order, monthly_price_e9s, id)
  where is_listed;
create index offering_ranked_country on offering (datacenter_country, reliability_order, trust_order, monthly_price_e9s, id)
  where is_listed;
create index offering_of_provider on offering (provider_public_key, monthly_price_e9s, id) where deleted_at_ns is null;
create index offering_of_account on offering (provider_account_id, monthly_price_e9s, id) where deleted_at_ns is null;
create index offering_to_publish on offering (publish_at) where is_draft and deleted_at_ns is null;
create index offering_words on offering using gin
  ((offer_name || chr(10) || product_type || chr(10) || coalesce(description, '')) gin_trgm_ops) where is_listed;

-- One unit out of stock. Released rows stay a while, so that a late repeat does not take the unit again.
create table stock_hold (
  hold_id           uuid primary key,
  -- Null: released before it was ever taken.
  offering_db_id    bigint references offering (id),
  renter_public_key text,
  -- The answer that was given, for repeats.
  terms             jsonb,
  -- When to ask whether a living contract has it (again).
  until_ns          bigint not null,
  created_at_ns     bigint not null,
  released_at_ns    bigint,
  constraint stock_hold_complete check (
    released_at_ns is not null or (offering_db_id is not null and renter_public_key is not null and terms is not null)
  )
);
create index stock_hold_living on stock_hold (offering_db_id) where released_at_ns is null;
create index stock_hold_due on stock_hold (until_ns) where released_at_ns is null;
create index stock_hold_released on stock_hold (released_at_ns) where released_at_ns is not null;

create table provider_setting (
  -- Account id, or the key of a provider without an account.
  owner       text primary key,
  auto_accept boolean not null
);
