/** What every offering must say; a cent an hour. */
export const SMALL_OFFERING = {
  currency: 'USD',
  monthly_price: 7.2,
  setup_fee: 0,
  visibility: 'public',
  product_type: 'compute',
  billing_interval: 'hourly',
  billing_unit: 'hour',
  stock_status: 'in_stock',
  stock_total: 3,
  unmetered_bandwidth: true,
  datacenter_country: 'DE',
  datacenter_city: 'Berlin',
  min_contract_hours: 1,
  max_contract_hours: 720,
} as const;
