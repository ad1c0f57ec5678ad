import { dirname } from 'node:path';
import { type Client, createClient } from '@decent-cloud/client';
import { createSigner, type KeyPair, keyPairFromSeed } from '@decent-cloud/identity';
import type { Backend } from '../backends/backend.ts';
import type { BackendDeclaration } from '../backends/declaration.ts';
import { declarationOf } from '../backends/registry.ts';
import { ConfigError } from '../config/config-error.ts';
import type { AgentConfig } from '../config/load-config.ts';
import { resolveSecret } from '../config/secrets.ts';
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
export async function openBackend(
  config: AgentConfig,
  logger: Logger,
  declaration = declarationOf(config.provisioner.type),
): Promise<Backend> {
  const { provisioner, environment, dataDir } = config;
  const { type, settings } = provisioner;
  if (!declaration?.open) {
    throw new ConfigError([`provisioner.type: this version of the agent cannot use "${type}" yet`]);
  }
  if (config.isProduction && declaration.notInProduction !== undefined) {
    throw new ConfigError([
      `provisioner.type "${type}" ${declaration.notInProduction}: it is refused in the environment "${environment}"`,
    ]);
  }
  refuseEmptyRange(type, settings);
  return declaration.open(await withSecrets(config, declaration), {
    dataDir,
    environment,
    logger,
    // Not every backend asks, and in the old mode there is none.
    get agent() {
      return keysOf(config).publicKeyHex.slice(0, 16);
    },
  });
}

/** The settings, with what their secrets refer to. */
async function withSecrets(
  { file, provisioner: { type, settings } }: AgentConfig,
  { secrets = [] }: BackendDeclaration,
): Promise<Record<string, unknown>> {
  const context = { folder: dirname(file), env: process.env };
  const opened: Record<string, unknown> = { ...settings };
  for (const name of secrets) {
    const value = settings[name];
    if (typeof value === 'string')
      opened[name] = await resolveSecret(`provisioner.${type}.${name}`, value, context);
  }
  return opened;
}

function refuseEmptyRange(type: string, settings: Readonly<Record<string, unknown>>): void {
  const { port_range_start: first, port_range_end: last } = settings;
  if (typeof first !== 'number' || typeof last !== 'number' || last >= first) return;
  throw new ConfigError([`provisioner.${type}: port_range_end is below port_range_start`]);
}
