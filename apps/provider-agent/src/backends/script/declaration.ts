import { z } from 'zod';
import type { BackendDeclaration } from '../declaration.ts';
import { count, text } from '../table-fields.ts';

const table = z.strictObject({
  provision: text(),
  terminate: text(),
  health_check: text(),
  timeout_seconds: count(1).default(300),
});

/** Whatever programs of the provider make. Not to be used yet. */
export const script: BackendDeclaration<typeof table> = { table };
