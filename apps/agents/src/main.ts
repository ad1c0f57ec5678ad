import '@decent-cloud/kernel/needed-node';
import { startService } from '@decent-cloud/runtime';
import { agentsService } from './service.ts';

await startService(agentsService);
