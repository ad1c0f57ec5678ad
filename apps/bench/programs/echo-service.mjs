import '@decent-cloud/kernel/needed-node';
import { join } from 'node:path';
import { databaseSettings, defineService, startService } from '@decent-cloud/runtime';

const directory = join(import.meta.dirname, 'echo');

/** A service as all of ours are, with one verb that gives back what it gets and no tables of its own. */
await startService(
  defineService({ name: 'accounts', directory, settings: databaseSettings, migrationsDir: directory }),
);
