import { fileURLToPath } from 'node:url';
import { databaseSettings, defineService } from '@decent-cloud/runtime';
import { z } from 'zod';

export const paymentsSettings = databaseSettings.extend({
  /** Where people reach the web page: payments send them back to it. */
  PUBLIC_URL: z.url().default('http://localhost:8080'),
  CHECK_BOOKS_INTERVAL_SECONDS: z.coerce.number().int().min(1).max(86_400).default(3_600),
});
export type PaymentsSettings = z.output<typeof paymentsSettings>;

export const paymentsService = defineService({
  name: 'payments',
  directory: import.meta.dirname,
  settings: paymentsSettings,
  migrationsDir: fileURLToPath(new URL('../../../prisma/payments/migrations', import.meta.url)),
});
