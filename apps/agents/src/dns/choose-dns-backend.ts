import type { ServiceCore } from '@decent-cloud/runtime';
import type { AgentsSettings } from '../settings.ts';
import { CloudflareApi } from './cloudflare-api.ts';
import { CloudflareDns } from './cloudflare-dns.ts';
import { type DnsBackend, NoDns } from './dns-backend.ts';

/** By the settings: Cloudflare's, or one that says what has to be set. */
export function chooseDnsBackend({ settings, metrics }: ServiceCore<AgentsSettings>): DnsBackend {
  const { CF_API_TOKEN: token, CF_ZONE_ID: zoneId, CF_API_URL: url } = settings;
  if (token === undefined || zoneId === undefined) return new NoDns();
  return new CloudflareDns(new CloudflareApi({ url, zoneId, token }), metrics, Math.random);
}
