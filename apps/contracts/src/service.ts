import { fileURLToPath } from 'node:url';
import { defineService } from '@decent-cloud/runtime';
import { observeContracts } from './contract/contract-metrics.ts';
import { contractsSettings } from './settings.ts';

export const contractsService = defineService({
  name: 'contracts',
  directory: import.meta.dirname,
  settings: contractsSettings,
  migrationsDir: fileURLToPath(new URL('../../../prisma/contracts/migrations', import.meta.url)),
  metrics: observeContracts,
});
