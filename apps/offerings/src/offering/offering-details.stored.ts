import { StoredJson } from '@decent-cloud/kernel';
import { z } from 'zod';

const text = () => z.string().optional();
const count = () => z.int().optional();

const version1 = z.object({
  product_page_url: text(),
  virtualization_type: text(),
  billing_interval: z.string(),
  billing_unit: z.string(),
  pricing_model: text(),
  included_units: count(),
  stripe_metered_price_id: text(),
  is_subscription: z.boolean(),
  subscription_interval_days: count(),
  processor_brand: text(),
  processor_amount: count(),
  processor_cores: count(),
  processor_speed: text(),
  processor_name: text(),
  memory_error_correction: text(),
  memory_type: text(),
  memory_amount: text(),
  hdd_amount: count(),
  total_hdd_capacity: text(),
  ssd_amount: count(),
  total_ssd_capacity: text(),
  unmetered_bandwidth: z.boolean(),
  uplink_speed: text(),
  traffic: count(),
  datacenter_city: z.string(),
  datacenter_latitude: z.number().optional(),
  datacenter_longitude: z.number().optional(),
  control_panel: text(),
  gpu_name: text(),
  gpu_count: count(),
  gpu_memory_gb: count(),
  payment_methods: text(),
  features: text(),
  operating_systems: text(),
  external_checkout_url: text(),
  provisioner_config: text(),
  template_name: text(),
});
export type StoredDetails = z.output<typeof version1>;

/** `offering.details`. Version 0 has the members of version 1. */
export const storedDetails = new StoredJson<StoredDetails>('the details of an offering', [
  version1,
  version1,
]);
