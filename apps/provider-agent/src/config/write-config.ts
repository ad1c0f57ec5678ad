import { access, mkdir, readFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { generateKeyPair, type KeyPair, keyPairFromSeed } from '@decent-cloud/identity';
import { stringify } from 'smol-toml';
import { writeDurably } from '../journal/durable-file.ts';
import { ConfigError } from './config-error.ts';
import { refuseOpenFile } from './secrets.ts';

export async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** The key in this file; made when there is none. @throws ConfigError when it is no key or open to others */
export async function loadOrCreateKeys(file: string): Promise<KeyPair> {
  if (await exists(file)) {
    await refuseOpenFile('agent key', file);
    const text = (await readFile(file, 'utf8')).trim();
    if (!/^[0-9a-fA-F]{64}$/.test(text)) throw new ConfigError([`${file} does not hold 64 hex digits`]);
    return keyPairFromSeed(text);
  }
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const keys = generateKeyPair();
  await writeDurably(file, `${Buffer.from(keys.seed).toString('hex')}\n`, 0o600);
  await writeDurably(file.replace(/(\.key)?$/, '.pub'), `${keys.publicKeyHex}\n`, 0o644);
  return keys;
}

export interface NewConfig {
  readonly endpoint: string;
  readonly providerPublicKey: string;
  readonly keyFile: string;
  readonly poolId: string;
  readonly platformPublicKey: string | undefined;
  readonly provisioner: string;
  /** Its table; absent: there is one to be filled in. */
  readonly settings: Readonly<Record<string, unknown>> | undefined;
  readonly dataDir: string | undefined;
}

/** Writes the file of a new agent. Secrets stay in their own file; what is below its folder moves with it. */
export async function writeConfig(file: string, config: NewConfig): Promise<void> {
  const { provisioner, settings } = config;
  const fromHere = (path: string): string => {
    const below = relative(dirname(file), path);
    return below === '' || below.startsWith('..') ? path : below;
  };
  const text = stringify({
    api: {
      endpoint: config.endpoint,
      provider_pubkey: config.providerPublicKey,
      agent_secret_key: fromHere(config.keyFile),
      pool_id: config.poolId,
      ...(config.platformPublicKey && { platform_public_key: config.platformPublicKey }),
    },
    polling: { interval_seconds: 30, health_check_interval_seconds: 300 },
    agent: {
      ...(config.dataDir && { data_dir: fromHere(config.dataDir) }),
      max_parallel_provisions: 4,
      log_format: 'text',
    },
    provisioner: {
      type: provisioner,
      ...(settings && { [provisioner]: settings }),
    },
  });
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeDurably(file, `${text}\n`, 0o600);
}
