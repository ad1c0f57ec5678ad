import '@decent-cloud/kernel/needed-node';
import { startGateway } from './start-gateway.ts';

await startGateway();
