import '@decent-cloud/kernel/needed-node';
import { startService } from '@decent-cloud/runtime';
import { accountsService } from './service.ts';

await startService(accountsService);
