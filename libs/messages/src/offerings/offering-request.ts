import { z } from 'zod';
import { provisionerType } from '../wire/provisioner-type.ts';
import { int32, optionalIn } from '../wire/schema.ts';
import { text } from '../wire/text.ts';

const count = () => int32(0);
const word = () => text(255);
const maybe = <S extends z.ZodType>(schema: S) => optionalIn(schema);
const price = () => z.number().min(0);

/** What a provider may set. An update replaces all of it: what is left out is cleared. */
export const offeringRequest = z
  .object({
    offering_id: word(),
    offer_name: word(),
    description: maybe(text(65_536)),
    product_page_url: maybe(text(2_048)),
    currency: text(16),
    monthly_price: price(),
    setup_fee: price(),
    visibility: text(32),
    product_type: text(64),
    virtualization_type: maybe(word()),
    billing_interval: text(64),
    billing_unit: text(16),
    pricing_model: maybe(text(32)),
    price_per_unit: maybe(price()),
    included_units: maybe(count()),
    overage_price_per_unit: maybe(price()),
    stripe_metered_price_id: maybe(word()),
    is_subscription: maybe(z.boolean()),
    subscription_interval_days: maybe(count()),
    stock_status: text(32),
    /** Units in stock; absent: one unit. */
    stock_total: maybe(count()),
    processor_brand: maybe(word()),
    processor_amount: maybe(count()),
    processor_cores: maybe(count()),
    processor_speed: maybe(word()),
    processor_name: maybe(word()),
    memory_error_correction: maybe(word()),
    memory_type: maybe(word()),
    memory_amount: maybe(word()),
    hdd_amount: maybe(count()),
    total_hdd_capacity: maybe(word()),
    ssd_amount: maybe(count()),
    total_ssd_capacity: maybe(word()),
    unmetered_bandwidth: z.boolean(),
    uplink_speed: maybe(word()),
    traffic: maybe(count()),
    datacenter_country: z
      .string()
      .regex(/^([A-Z]{2})?$/, { error: 'must be two upper-case letters (ISO 3166) or empty' }),
    datacenter_city: word(),
    datacenter_latitude: maybe(z.number().min(-90).max(90)),
    datacenter_longitude: maybe(z.number().min(-180).max(180)),
    control_panel: maybe(word()),
    gpu_name: maybe(word()),
    gpu_count: maybe(count()),
    gpu_memory_gb: maybe(count()),
    min_contract_hours: maybe(count()),
    max_contract_hours: maybe(count()),
    payment_methods: maybe(text(1_024)),
    features: maybe(text(4_096)),
    operating_systems: maybe(text(4_096)),
    is_draft: maybe(z.boolean()),
    publish_at: maybe(z.iso.datetime({ offset: true })),
    external_checkout_url: maybe(text(2_048)),
    provisioner_type: maybe(provisionerType()),
    provisioner_config: maybe(text(65_536)),
    template_name: maybe(word()),
    agent_pool_id: maybe(word()),
    post_provision_script: maybe(text(65_536)),
  })
  .meta({
    id: 'OfferingRequest',
    examples: [
      {
        offering_id: 'small-vps',
        offer_name: 'Small VPS',
        currency: 'USD',
        monthly_price: 7.2,
        setup_fee: 0,
        visibility: 'public',
        product_type: 'compute',
        billing_interval: 'monthly',
        billing_unit: 'month',
        is_subscription: false,
        stock_status: 'in_stock',
        stock_total: 5,
        processor_cores: 2,
        memory_amount: '4 GB',
        total_ssd_capacity: '40 GB',
        unmetered_bandwidth: false,
        datacenter_country: 'DE',
        datacenter_city: 'Berlin',
        is_draft: false,
      },
    ],
  });
