import { loadConfig } from '../config/load-config.ts';
import { createLogger } from '../log.ts';
import { keysOf, openBackend } from './open-config.ts';

/** Reads the configuration as `run` would. */
export async function configCheck(configPath: string, options: { readonly json?: boolean }): Promise<void> {
  const config = await loadConfig(configPath);
  const keys = keysOf(config);
  await openBackend(config, createLogger(config.logFormat, 'silent'));
  const summary = {
    file: config.file,
    endpoint: config.api.endpoint,
    environment: config.environment,
    provider: config.api.provider_pubkey,
    agent: keys.publicKeyHex,
    pool: config.api.pool_id ?? null,
    platformKey: config.api.platform_public_key ?? null,
    provisioner: config.provisioner.type,
    dataDir: config.dataDir,
    journal: config.journalPath,
    warnings: config.warnings,
  };
  if (options.json) {
    console.log(JSON.stringify(summary, null, 2));
    return;
  }
  for (const [name, value] of Object.entries(summary)) {
    if (!Array.isArray(value)) console.log(`${name.padEnd(12)} ${value ?? '-'}`);
  }
  for (const warning of config.warnings) console.log(`warning: ${warning}`);
  console.log('The configuration can be used.');
}
