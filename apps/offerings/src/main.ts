import '@decent-cloud/kernel/needed-node';
import { startService } from '@decent-cloud/runtime';
import { offeringsService } from './service.ts';

await startService(offeringsService);
