import type { ProvisionerType as AnyProvisionerType } from '@decent-cloud/messages/words';
import { z } from 'zod';

const text = () => z.string().min(1).max(4_096);
const count = (min: number, max = 2_147_483_647) => z.int().min(min).max(max);
const key = () => z.string().regex(/^[0-9a-fA-F]{64}$/, { error: 'must be 64 hex digits' });

/** Every provisioner's own table. Keys are those of the file. */
export const provisionerTables = {
  local: z.strictObject({
    data_dir: text().optional(),
    port_range_start: count(1, 65_535).default(22_000),
    port_range_end: count(1, 65_535).default(22_999),
    max_machines: count(1, 1_000).default(50),
  }),
  proxmox: z.strictObject({
    api_url: z.url(),
    api_token_id: text(),
    api_token_secret: text(),
    node: text(),
    template_vmid: count(1),
    storage: text().default('local-lvm'),
    pool: text().optional(),
    verify_ssl: z.boolean().default(true),
    ip_wait_attempts: count(1).default(12),
    ip_wait_interval_secs: count(1).default(10),
    vmid_range_start: count(100).default(100_000),
    vmid_range_end: count(100).default(999_999),
    task_timeout_secs: count(1).default(600),
    ca_file: text().optional(),
  }),
  script: z.strictObject({
    provision: text(),
    terminate: text(),
    health_check: text(),
    timeout_seconds: count(1).default(300),
  }),
  manual: z.strictObject({ notification_webhook: text().optional() }),
  docker: z.strictObject({
    socket_path: z.string().default('/var/run/docker.sock'),
    network: text().default('bridge'),
    default_image: text().default('ghcr.io/decent-stuff/dc-agent-ssh:latest'),
    ssh_port: count(1, 65_535).default(22),
    pull_images: z.boolean().default(true),
    publish_address: z.ipv4().default('0.0.0.0'),
    public_address: text().optional(),
    port_range_start: count(1, 65_535).default(32_000),
    port_range_end: count(1, 65_535).default(32_767),
    max_machines: count(1, 1_000).default(50),
    pids_limit: count(16).default(512),
    script_timeout_seconds: count(1, 3_600).default(300),
  }),
  digitalocean: z.strictObject({
    api_token: text(),
    default_size: text().default('s-1vcpu-1gb'),
    default_region: text().default('nyc3'),
    default_image: text().default('ubuntu-24-04-x64'),
  }),
  hetzner: z.strictObject({
    api_token: text(),
    default_server_type: text().default('cx23'),
    default_location: text().default('nbg1'),
    default_image: text().default('ubuntu-24.04'),
    firewall_ids: z.array(count(1)).default([]),
  }),
  vultr: z.strictObject({
    api_token: text(),
    default_plan: text().default('vc2-1c-1gb'),
    default_region: text().default('ams'),
    default_os_id: count(1).default(2284),
  }),
} as const satisfies Partial<Record<AnyProvisionerType, z.ZodType>>;
export type ProvisionerType = keyof typeof provisionerTables;
export const PROVISIONER_TYPES = Object.keys(provisionerTables) as ProvisionerType[];

/** Old files write a provisioner's keys flat under [provisioner], some under other names. */
export const FLAT_NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  digitalocean: {
    api_token: 'api_token',
    do_size: 'default_size',
    do_region: 'default_region',
    do_image: 'default_image',
  },
};

/** `type`, a table for each type, and whatever is flat: checked against the type's own table later. */
const provisioner = z.looseObject({ type: z.enum(PROVISIONER_TYPES as [ProvisionerType]) });

export const configFile = z.strictObject({
  api: z
    .strictObject({
      endpoint: z
        .url()
        .refine((url) => !/\/api\/v1\/?$/.test(url), { error: 'must not end with /api/v1' })
        .transform((url) => url.replace(/\/+$/, '')),
      provider_pubkey: key(),
      agent_secret_key: text().optional(),
      provider_secret_key: text().optional(),
      pool_id: text().optional(),
      platform_public_key: key()
        .transform((hex) => hex.toLowerCase())
        .optional(),
    })
    .refine((api) => api.agent_secret_key ?? api.provider_secret_key, {
      error: 'Either agent_secret_key or provider_secret_key must be configured',
    }),
  polling: z
    .strictObject({
      interval_seconds: count(1).default(30),
      health_check_interval_seconds: count(1).default(300),
      orphan_grace_period_seconds: count(0).default(3_600),
      orphan_tracker_path: text().default('/var/lib/dc-agent/orphans.json'),
    })
    .optional(),
  provisioner,
  additional_provisioners: z.array(provisioner).max(20).default([]),
  gateway: z
    .strictObject({
      dc_id: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,18}[a-z0-9])$/, {
        error: 'must be 2 to 20 of a-z, 0-9 and -, with no - at either end',
      }),
      public_ip: z.ipv4(),
      domain: text().default('decent-cloud.org'),
      gw_prefix: text().default('gw'),
      port_range_start: count(1, 65_535).default(20_000),
      port_range_end: count(1, 65_535).default(59_999),
      ports_per_vm: count(1, 1_000).default(10),
      caddy_sites_dir: text().default('/etc/caddy/sites'),
      port_allocations_path: text().default('/var/lib/dc-agent/port-allocations.json'),
      backend: z.enum(['nftables', 'iptables']).default('nftables'),
      caddy_mode: z.enum(['api', 'files']).default('api'),
    })
    .optional(),
  nats: z
    .strictObject({
      urls: z.array(z.url()).max(20).default([]),
      creds_file: text().optional(),
      tls_ca: text().optional(),
      enabled: z.boolean().default(true),
    })
    .default({ urls: [], enabled: true }),
  agent: z
    .strictObject({
      environment: z
        .string()
        .regex(/^[a-z0-9-]{1,32}$/, { error: 'must be 1 to 32 of a-z, 0-9 and -' })
        .optional(),
      max_parallel_provisions: count(1, 64).default(4),
      data_dir: text().optional(),
      journal_path: text().optional(),
      log_format: z.enum(['json', 'text']).default('text'),
    })
    .default({ max_parallel_provisions: 4, log_format: 'text' }),
  management: z.strictObject({ ssh_key_path: text().optional() }).optional(),
});
export type ConfigFile = z.output<typeof configFile>;
