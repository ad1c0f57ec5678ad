import { fileURLToPath } from 'node:url';
import { databaseSettings, defineService } from '../../src/index.ts';

/** A service as small as one can be; named `payments` so that consumer and subjects exist. */
export const counterService = defineService({
  name: 'payments',
  directory: import.meta.dirname,
  settings: databaseSettings,
  migrationsDir: fileURLToPath(new URL('./migrations', import.meta.url)),
});
