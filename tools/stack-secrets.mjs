import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { databaseNames } from './services.mjs';

/**
 * The secrets of this installation, made once and kept with mode 0600; what a newer version needs more is added.
 * Whoever loses this file loses the stored credentials and every agent's access.
 * @param {string} dataDir
 */
export async function loadSecrets(dataDir) {
  const { hubUserNames, newAccountWithoutSeed, newKey } = await import('@decent-cloud/nats-auth');
  const file = join(dataDir, 'secrets.json');
  /** @type {Record<string, any>} */
  const kept = existsSync(file) ? JSON.parse(await readFile(file, 'utf8')) : {};
  const secret = (/** @type {number} */ bytes) => randomBytes(bytes).toString('hex');
  const seed = (/** @type {'operator' | 'account' | 'user'} */ kind) => newKey(kind).seed;
  const secrets = {
    postgresPassword: secret(24),
    operatorSeed: seed('operator'),
    operatorSigningSeed: seed('operator'),
    systemAccountPublic: newAccountWithoutSeed(),
    systemUserSigningSeed: seed('account'),
    systemUserSeed: seed('user'),
    hubAccountPublic: newAccountWithoutSeed(),
    hubUserSigningSeed: seed('account'),
    agentUserSigningSeed: seed('account'),
    platformSigningSeed: secret(32),
    ...kept,
    databasePasswords: {
      ...Object.fromEntries(databaseNames.map((name) => [name, secret(24)])),
      ...kept.databasePasswords,
    },
    hubUserSeeds: {
      ...Object.fromEntries(hubUserNames.map((/** @type {string} */ name) => [name, seed('user')])),
      ...kept.hubUserSeeds,
    },
  };
  await writeSecretFile(file, `${JSON.stringify(secrets, null, 2)}\n`);
  return secrets;
}

/** Whole or not at all, readable by the owner only. @param {string} file @param {string} text */
export async function writeSecretFile(file, text) {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await chmod(`${file}.new`, 0o600);
  await rename(`${file}.new`, file);
}
