import { startService } from '@decent-cloud/runtime';
import { paymentsService } from './service.ts';

await startService(paymentsService);
