import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import {
  int32,
  int64,
  optionalIn,
  pageQuery,
  pathInt64,
  publicKeyHex,
  queryBoolean,
  queryNumber,
} from './schema.ts';
import { text } from './text.ts';

const tags = ['offerings'];
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
    provisioner_type: maybe(text(64)),
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

const string = () => z.string().optional();
const number = () => z.number().optional();
const integer = () => z.int().optional();
const flag = () => z.boolean().optional();

export const offering = z
  .object({
    id: int64().optional(),
    pubkey: string(),
    offering_id: z.string(),
    offer_name: z.string(),
    description: string(),
    product_page_url: string(),
    currency: z.string(),
    monthly_price: z.number(),
    setup_fee: z.number(),
    visibility: z.string(),
    product_type: z.string(),
    virtualization_type: string(),
    billing_interval: z.string(),
    billing_unit: z.string(),
    pricing_model: string(),
    price_per_unit: number(),
    included_units: integer(),
    overage_price_per_unit: number(),
    stripe_metered_price_id: string(),
    is_subscription: z.boolean(),
    subscription_interval_days: integer(),
    stock_status: z.string(),
    /** Units in stock; absent: one unit. */
    stock_total: integer(),
    /** Units that can be rented now: stock_total less living contracts and holds. */
    stock_available: integer(),
    processor_brand: string(),
    processor_amount: integer(),
    processor_cores: integer(),
    processor_speed: string(),
    processor_name: string(),
    memory_error_correction: string(),
    memory_type: string(),
    memory_amount: string(),
    hdd_amount: integer(),
    total_hdd_capacity: string(),
    ssd_amount: integer(),
    total_ssd_capacity: string(),
    unmetered_bandwidth: z.boolean(),
    uplink_speed: string(),
    traffic: integer(),
    datacenter_country: z.string(),
    datacenter_city: z.string(),
    datacenter_latitude: number(),
    datacenter_longitude: number(),
    control_panel: string(),
    gpu_name: string(),
    gpu_count: integer(),
    gpu_memory_gb: integer(),
    min_contract_hours: integer(),
    max_contract_hours: integer(),
    payment_methods: string(),
    features: string(),
    operating_systems: string(),
    trust_score: integer(),
    has_critical_flags: flag(),
    reliability_score: number(),
    is_draft: z.boolean(),
    publish_at: string(),
    offering_source: string(),
    external_checkout_url: string(),
    owner_username: string(),
    provider_name: string(),
    provisioner_type: string(),
    provisioner_config: string(),
    template_name: string(),
    agent_pool_id: string(),
    post_provision_script: string(),
    provider_online: flag(),
    resolved_pool_id: string(),
    resolved_pool_name: string(),
    created_at_ns: int64().optional(),
  })
  .meta({
    id: 'Offering',
    examples: [
      {
        id: 13,
        pubkey: '991e46e4389b08d1191a20cc2428e0730f88d6726778f5cf775af8d2245a2be1',
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
        stock_available: 4,
        processor_cores: 2,
        memory_amount: '4 GB',
        unmetered_bandwidth: false,
        datacenter_country: 'DE',
        datacenter_city: 'Berlin',
        is_draft: false,
        owner_username: 'berlin-metal',
        provider_online: true,
        resolved_pool_id: 'berlin-53f2d31f',
        resolved_pool_name: 'Berlin',
      },
    ],
  });

const providerParams = { pubkey: publicKeyHex() };
const offeringParams = z.object({ ...providerParams, id: pathInt64() });

export const searchOfferings = endpoint({
  method: 'GET',
  path: '/api/v1/offerings',
  subject: 'req.offerings.v1.search-offerings',
  auth: 'public',
  summary: 'Search the marketplace',
  tags,
  query: z.object({
    ...pageQuery(200, 50),
    product_type: text(64).optional(),
    country: text(8).optional(),
    in_stock_only: queryBoolean(false),
    has_recipe: queryBoolean(false),
    min_price_monthly: queryNumber(0, 1e12),
    max_price_monthly: queryNumber(0, 1e12),
    q: text(1_024)
      .optional()
      .meta({ description: 'Text in name, description or product type, in any case.' }),
  }),
  answer: z.array(offering),
});

export const getOffering = endpoint({
  method: 'GET',
  path: '/api/v1/offerings/{id}',
  subject: 'req.offerings.v1.get-offering',
  auth: 'optional',
  summary: 'Show an offering; signed, also those shared with the caller and own ones',
  tags,
  params: z.object({ id: pathInt64() }),
  answer: offering,
  refusals: ['OFFERING_NOT_FOUND'],
});

export const listProviderOfferings = endpoint({
  method: 'GET',
  path: '/api/v1/providers/{pubkey}/offerings',
  subject: 'req.offerings.v1.list-provider-offerings',
  auth: 'public',
  summary: 'List the public offerings of a provider, cheapest first',
  tags,
  params: z.object(providerParams),
  query: z.object(pageQuery(200, 200)),
  answer: z.array(offering),
});

export const listMyOfferings = endpoint({
  method: 'GET',
  path: '/api/v1/provider/my-offerings',
  subject: 'req.offerings.v1.list-my-offerings',
  auth: 'signed',
  summary: 'List all own offerings, drafts and private ones included, cheapest first',
  tags,
  query: z.object(pageQuery(200, 200)),
  answer: z.array(offering),
});

export const createOffering = endpoint({
  method: 'POST',
  path: '/api/v1/providers/{pubkey}/offerings',
  subject: 'req.offerings.v1.create-offering',
  auth: 'self',
  idempotent: true,
  summary: 'Offer something for rent; answers its id',
  tags,
  params: z.object(providerParams),
  body: offeringRequest,
  answer: int64(),
  refusals: ['OFFERING_EXISTS', 'CURRENCY_UNSUPPORTED', 'POOL_NOT_FOUND'],
});

export const updateOffering = endpoint({
  method: 'PUT',
  path: '/api/v1/providers/{pubkey}/offerings/{id}',
  subject: 'req.offerings.v1.update-offering',
  auth: 'self',
  summary: 'Replace an own offering in full: what is left out is cleared',
  tags,
  params: offeringParams,
  body: offeringRequest,
  answer: z.string(),
  refusals: ['OFFERING_NOT_FOUND', 'OFFERING_EXISTS', 'CURRENCY_UNSUPPORTED', 'POOL_NOT_FOUND', 'NOT_OWNER'],
});

export const deleteOffering = endpoint({
  method: 'DELETE',
  path: '/api/v1/providers/{pubkey}/offerings/{id}',
  subject: 'req.offerings.v1.delete-offering',
  auth: 'self',
  summary: 'Take an own offering off the market for good; running rentals go on',
  tags,
  params: offeringParams,
  answer: z.string(),
  refusals: ['OFFERING_NOT_FOUND', 'NOT_OWNER'],
});

const autoAccept = z.object({ autoAcceptRentals: z.boolean() }).meta({ id: 'AutoAccept' });

export const getAutoAccept = endpoint({
  method: 'GET',
  path: '/api/v1/provider/settings/auto-accept',
  subject: 'req.offerings.v1.get-auto-accept',
  auth: 'signed',
  summary: 'Are paid requests accepted without asking the provider?',
  tags,
  answer: autoAccept,
});

export const setAutoAccept = endpoint({
  method: 'PUT',
  path: '/api/v1/provider/settings/auto-accept',
  subject: 'req.offerings.v1.set-auto-accept',
  auth: 'signed',
  summary: 'Choose whether paid requests are accepted without asking',
  tags,
  body: autoAccept,
  answer: autoAccept,
});
