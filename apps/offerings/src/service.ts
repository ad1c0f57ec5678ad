import { fileURLToPath } from 'node:url';
import { databaseSettings, defineService } from '@decent-cloud/runtime';
import { z } from 'zod';

const seconds = (fallback: number) => z.coerce.number().int().min(1).max(86_400).default(fallback);

export const offeringsSettings = databaseSettings.extend({
  PUBLISH_SCHEDULED_INTERVAL_SECS: seconds(60),
  DROP_OLD_HOLDS_INTERVAL_SECONDS: seconds(10),
});
export type OfferingsSettings = z.output<typeof offeringsSettings>;

export const offeringsService = defineService({
  name: 'offerings',
  directory: import.meta.dirname,
  settings: offeringsSettings,
  migrationsDir: fileURLToPath(new URL('../../../prisma/offerings/migrations', import.meta.url)),
});
