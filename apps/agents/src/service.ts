import { fileURLToPath } from 'node:url';
import { defineService } from '@decent-cloud/runtime';
import { observeAgents } from './agents-metrics.ts';
import { chooseDnsBackend } from './dns/choose-dns-backend.ts';
import { DnsBackend } from './dns/dns-backend.ts';
import { agentsSettings } from './settings.ts';

/** Pools, agents and the coordinator that gives them their work. */
export const agentsService = defineService({
  name: 'agents',
  directory: import.meta.dirname,
  settings: agentsSettings,
  migrationsDir: fileURLToPath(new URL('../../../prisma/agents/migrations', import.meta.url)),
  streams: ['AGENT_CMD', 'AGENT_EVT'],
  metrics: observeAgents,
  providers: (core) => [{ provide: DnsBackend, useValue: chooseDnsBackend(core) }],
});
