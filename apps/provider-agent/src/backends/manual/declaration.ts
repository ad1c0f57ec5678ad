import { z } from 'zod';
import type { BackendDeclaration } from '../declaration.ts';
import { text } from '../table-fields.ts';

const table = z.strictObject({
  notification_webhook: text().optional(),
});

/** Machines that the provider makes by hand. Not to be used yet. */
export const manual: BackendDeclaration<typeof table> = { table };
