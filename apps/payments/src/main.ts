import '@decent-cloud/kernel/needed-node';
import { startService } from '@decent-cloud/runtime';
import { paymentsService } from './service.ts';

await startService(paymentsService);
