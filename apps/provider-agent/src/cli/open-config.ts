import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from '@decent-cloud/client';
import { createSigner, type KeyPair, keyPairFromSeed } from '@decent-cloud/identity';
import type { Backend } from '../backends/backend.ts';
import { DockerBackend } from '../backends/docker/docker-backend.ts';
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
  const { type } = config.provisioner;
  if (type === 'docker') return dockerBackend(config);
  if (type === 'local') return localBackend(config, logger);
  throw new ConfigError([`provisioner.type: this version of the agent cannot use "${type}" yet`]);
}

function localBackend(config: AgentConfig, logger: Logger): LocalBackend {
  if (config.isProduction) {
    throw new ConfigError([
      `provisioner.type "local" gives no isolation and is for trying out: it is refused in the environment "${config.environment}"`,
    ]);
  }
  const local = provisionerTables.local.parse(config.provisioner.settings);
  refuseEmptyRange('local', local);
  return new LocalBackend({
    folder: local.data_dir ?? join(config.dataDir, 'machines'),
    portRangeStart: local.port_range_start,
    portRangeEnd: local.port_range_end,
    maxMachines: local.max_machines,
    onFault: (error, what) => logger.error({ error, what }, 'fault of a local machine'),
  });
}

function dockerBackend(config: AgentConfig): DockerBackend {
  const docker = provisionerTables.docker.parse(config.provisioner.settings);
  refuseEmptyRange('docker', docker);
  return new DockerBackend({
    socketPath: docker.socket_path,
    network: docker.network,
    defaultImage: docker.default_image,
    pullImages: docker.pull_images,
    sshPort: docker.ssh_port,
    publishAddress: docker.publish_address,
    publicAddress: docker.public_address ?? reachableAddress(docker.publish_address),
    portRangeStart: docker.port_range_start,
    portRangeEnd: docker.port_range_end,
    maxMachines: docker.max_machines,
    pidsLimit: docker.pids_limit,
    scriptSeconds: docker.script_timeout_seconds,
    environment: config.environment,
    agent: keysOf(config).publicKeyHex.slice(0, 16),
  });
}

/** Published on all addresses: the first one of this host that others can know. */
function reachableAddress(publishAddress: string): string {
  if (publishAddress !== '0.0.0.0') return publishAddress;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

function refuseEmptyRange(type: string, range: { port_range_start: number; port_range_end: number }): void {
  if (range.port_range_end >= range.port_range_start) return;
  throw new ConfigError([`provisioner.${type}: port_range_end is below port_range_start`]);
}
