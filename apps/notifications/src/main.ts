import '@decent-cloud/kernel/needed-node';
import { startService } from '@decent-cloud/runtime';
import { notificationsService } from './service.ts';

await startService(notificationsService);
