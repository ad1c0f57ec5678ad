import { z } from 'zod';
import type { BackendDeclaration } from '../declaration.ts';
import { count, text } from '../table-fields.ts';

const table = z.strictObject({
  api_token: text(),
  default_plan: text().default('vc2-1c-1gb'),
  default_region: text().default('ams'),
  default_os_id: count(1).default(2284),
});

/** Instances of Vultr. Not to be used yet. */
export const vultr: BackendDeclaration<typeof table> = { table, secrets: ['api_token'] };
