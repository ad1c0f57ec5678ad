import { z } from 'zod';
import type { BackendDeclaration } from '../declaration.ts';
import { count, text } from '../table-fields.ts';

const table = z.strictObject({
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
});

/** Virtual machines of a Proxmox VE node. Not to be used yet. */
export const proxmox: BackendDeclaration<typeof table> = { table, secrets: ['api_token_secret'] };
