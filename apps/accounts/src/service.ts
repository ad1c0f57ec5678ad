import { fileURLToPath } from 'node:url';
import { defineService } from '@decent-cloud/runtime';
import { accountsSettings } from './settings.ts';

export const accountsService = defineService({
  name: 'accounts',
  directory: import.meta.dirname,
  settings: accountsSettings,
  migrationsDir: fileURLToPath(new URL('../../../prisma/accounts/migrations', import.meta.url)),
});
