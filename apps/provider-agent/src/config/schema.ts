import { z } from 'zod';
import { BACKEND_TYPES, type BackendType } from '../backends/registry.ts';
import { count, portRange, text } from '../backends/table-fields.ts';

const key = () => z.string().regex(/^[0-9a-fA-F]{64}$/, { error: 'must be 64 hex digits' });

/** `type`, a table for each type, and whatever is flat: checked against the type's own table later. */
const provisioner = z.looseObject({ type: z.enum(BACKEND_TYPES as [BackendType]) });

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
      ...portRange(20_000, 59_999),
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
