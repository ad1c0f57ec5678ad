import { z } from 'zod';
import type { BackendDeclaration } from '../declaration.ts';
import { count, text } from '../table-fields.ts';

const table = z.strictObject({
  api_token: text(),
  default_server_type: text().default('cx23'),
  default_location: text().default('nbg1'),
  default_image: text().default('ubuntu-24.04'),
  firewall_ids: z.array(count(1)).default([]),
});

/** Servers of Hetzner Cloud. Not to be used yet. */
export const hetzner: BackendDeclaration<typeof table> = { table, secrets: ['api_token'] };
