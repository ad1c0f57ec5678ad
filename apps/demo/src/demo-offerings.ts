/** What makes the demo's machines: of pool, offerings and agent alike. */
export const DEMO_BACKEND = 'local';

const COMMON = {
  currency: 'USD',
  setup_fee: 0,
  visibility: 'public',
  product_type: 'compute',
  virtualization_type: 'local demo',
  billing_interval: 'hourly',
  billing_unit: 'hour',
  stock_status: 'in_stock',
  unmetered_bandwidth: true,
  datacenter_country: 'DE',
  datacenter_city: 'Demo',
  min_contract_hours: 1,
  max_contract_hours: 720,
  provisioner_type: DEMO_BACKEND,
} as const;

/** What the demo's provider lets: SSH sessions on this very machine, for trying the platform out. */
export const DEMO_OFFERINGS = [
  {
    ...COMMON,
    offering_id: 'demo-small',
    offer_name: 'Demo Small',
    description: 'A throw-away home on this computer, reachable by SSH. For trying out only.',
    monthly_price: 7.2,
    stock_total: 20,
    processor_cores: 1,
    memory_amount: '1 GB',
    total_ssd_capacity: '10 GB',
  },
  {
    ...COMMON,
    offering_id: 'demo-large',
    offer_name: 'Demo Large',
    description: 'The same with a higher price, so that there is something to compare.',
    monthly_price: 28.8,
    stock_total: 5,
    processor_cores: 4,
    memory_amount: '8 GB',
    total_ssd_capacity: '80 GB',
  },
] as const;
