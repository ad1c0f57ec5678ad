import '@decent-cloud/kernel/needed-node';
import { startService } from '@decent-cloud/runtime';
import { contractsService } from './service.ts';

await startService(contractsService);
