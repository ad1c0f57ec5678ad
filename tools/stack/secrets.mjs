import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Advice } from '../install/install.mjs';
import { readJsonFile } from '../json-file.mjs';
import { innerServiceNames } from '../services.mjs';

/** There from the first version on: a file without them is not whole. */
const OLDEST = ['postgresPassword', 'operatorSeed', 'platformSigningSeed'];

/**
 * The secrets of this installation, made once and kept with mode 0600; what a newer version needs more is added.
 * `serviceKeys` follow from them and are not kept: what each service signs its requests with.
 * Whoever loses this file loses the stored credentials and every agent's access.
 * @param {string} dataDir
 * @param {string[]} [madeWithThem] what is of no use without them: where it is, no new ones are made
 */
export async function loadSecrets(
  dataDir,
  madeWithThem = [join(dataDir, 'postgres/PG_VERSION'), join(dataDir, 'nats/accounts')],
) {
  const { hubUserNames, newAccountWithoutSeed, newKey } = await import('@decent-cloud/nats-auth');
  const file = join(dataDir, 'secrets.json');
  const kept = await keptSecrets(file, madeWithThem);
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
    serviceKeyRoot: secret(32),
    ...kept,
    databasePasswords: {
      ...Object.fromEntries(innerServiceNames.map((name) => [name, secret(24)])),
      ...kept.databasePasswords,
    },
    hubUserSeeds: {
      ...Object.fromEntries(hubUserNames.map((/** @type {string} */ name) => [name, seed('user')])),
      ...kept.hubUserSeeds,
    },
  };
  await writeSecretFile(file, `${JSON.stringify(secrets, null, 2)}\n`);
  const { printServiceKeys } = await import('@decent-cloud/bus');
  const { serviceNames } = await import('@decent-cloud/messages');
  const serviceKeys = Object.fromEntries(
    serviceNames.map((/** @type {any} */ name) => [name, printServiceKeys(secrets.serviceKeyRoot, name)]),
  );
  return { ...secrets, serviceKeys };
}

/** What was made before; nothing for a fresh folder. @param {string} file @param {string[]} madeWithThem @returns {Promise<Record<string, any>>} */
async function keptSecrets(file, madeWithThem) {
  if (!existsSync(file)) {
    const data = madeWithThem.filter((path) => existsSync(path));
    if (data.length === 0) return {};
    throw lost(`${file} is missing, and new secrets would not open what is there: ${data.join(', ')}.`, file);
  }
  const kept = await readJsonFile(file, undefined);
  const isWhole = OLDEST.every((name) => typeof kept?.[name] === 'string');
  if (!isWhole) throw lost(`${file} was cut short or changed: there are no whole secrets in it.`, file);
  return kept;
}

/** @param {string} what @param {string} file */
function lost(what, file) {
  const folder = dirname(file);
  return new Advice(
    `${what}\nPut the file back from a backup. Without one, what is stored cannot be opened; to begin anew, move the data away: mv ${folder} ${folder}.old`,
  );
}

/** Whole or not at all, readable by the owner only. @param {string} file @param {string} text */
export async function writeSecretFile(file, text) {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await chmod(`${file}.new`, 0o600);
  await rename(`${file}.new`, file);
}
