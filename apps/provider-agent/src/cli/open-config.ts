import { join } from 'node:path';
import { type Client, createClient } from '@decent-cloud/client';
import { createSigner, type KeyPair, keyPairFromSeed } from '@decent-cloud/identity';
import type { Backend } from '../backends/backend.ts';
import { LocalBackend } from '../backends/local/local-backend.ts';
import { ConfigError } from '../config/config-error.ts';
import type { AgentConfig } from '../config/load-config.ts';
import { provisionerTables } from '../config/schema.ts';
import type { Logger } from '../log.ts';

const API_TIMEOUT_MS = 30_000;

/** @throws ConfigError in the old mode, which has no key of the agent's own */
export function keysOf(config: AgentConfig): KeyPair {
  if (config.seedHex === undefined) {
    throw new ConfigError(['api.agent_secret_key is needed: make a key with `dc-agent setup token`']);
  }
  return keyPairFromSeed(config.seedHex);
}

export function clientOf(config: AgentConfig, keys: KeyPair): Client {
  return createClient({
    baseUrl: config.api.endpoint,
    signer: createSigner(keys, { agent: true }),
    timeoutMs: API_TIMEOUT_MS,
  });
}

/** @throws ConfigError when this program has no such backend, or it may not be used here */
export function backendOf(config: AgentConfig, logger: Logger): Backend {
  const { type, settings } = config.provisioner;
  if (type !== 'local') {
    throw new ConfigError([`provisioner.type: this version of the agent cannot use "${type}" yet`]);
  }
  if (config.isProduction) {
    throw new ConfigError([
      `provisioner.type "local" gives no isolation and is for trying out: it is refused in the environment "${config.environment}"`,
    ]);
  }
  const local = provisionerTables.local.parse(settings);
  if (local.port_range_end < local.port_range_start) {
    throw new ConfigError(['provisioner.local: port_range_end is below port_range_start']);
  }
  return new LocalBackend({
    folder: local.data_dir ?? join(config.dataDir, 'machines'),
    portRangeStart: local.port_range_start,
    portRangeEnd: local.port_range_end,
    maxMachines: local.max_machines,
    onFault: (error, what) => logger.error({ error, what }, 'fault of a local machine'),
  });
}
