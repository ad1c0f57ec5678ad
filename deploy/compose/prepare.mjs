import '../../tools/install/needed-node.mjs';
import { chmod, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { databaseUrl, ensureDatabases } from '../../tools/servers/databases.mjs';
import { services } from '../../tools/services.mjs';
import { serviceEnvironment } from '../../tools/stack/environment.mjs';
import { settleNats, writeNatsFiles } from '../../tools/stack/nats.mjs';
import { loadSecrets, writeSecretFile } from '../../tools/stack/secrets.mjs';

/**
 * Prepares the compose installation with the code of `npm start`. `files`: secrets, the broker's configuration and one
 * folder for each service, before anything runs. `servers`: roles, databases and the hub account, once they answer.
 * Repeating either changes nothing that is already right.
 */
const SECRETS = '/secrets';
const CONFIG = '/config';
const NATS_CONFIG = `${CONFIG}/nats/nats.conf`;
/** What the broker's container copied when it started. */
const RUNNING_CONFIG = '/nats-data/running.conf';
const HUB_JWT = `${SECRETS}/hub.jwt`;
const NATS_URL = 'nats://nats:4222';
const DEADLINE_MS = 120_000;
const RETRY_MS = 1_000;

const step = { files, servers }[process.argv[2] ?? ''];
if (!step) throw new Error('say what to prepare: files or servers');
const secrets = await loadSecrets(SECRETS, [HUB_JWT, '/nats-data/accounts']);
const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

/** In the volume that only this user's container mounts. @param {string} user */
function credsFileOf(user) {
  if (user === 'system') return `${CONFIG}/agents/system.creds`;
  if (user === 'admin' || user === 'streams') return `${SECRETS}/${user}.creds`;
  return `${CONFIG}/${user}/nats.creds`;
}

async function files() {
  const { hubJwt } = await writeNatsFiles({
    secrets,
    configFile: NATS_CONFIG,
    credsFileOf,
    server: {
      host: '0.0.0.0',
      port: 4222,
      websocketPort: 9222,
      monitoringPort: 8222,
      storeDir: '/nats-data/streams',
      resolverDir: '/nats-data/accounts',
    },
  });
  await writeSecretFile(HUB_JWT, hubJwt);
  for (const { name, database } of services) {
    const env = serviceEnvironment({
      name,
      secrets,
      natsUrl: NATS_URL,
      credsFile: '/config/nats.creds',
      systemCredsFile: '/config/system.creds',
      ...(database
        ? {
            databaseUrl: databaseUrl({ host: 'postgres', port: 5432 }, name, secrets.databasePasswords[name]),
          }
        : {}),
    });
    const lines = Object.entries(env).map(([key, value]) => `${key}=${value}`);
    await writeSecretFile(`${CONFIG}/${name}/service.env`, `${lines.join('\n')}\n`);
  }
  const password = `${CONFIG}/postgres/password`;
  await writeSecretFile(password, `${secrets.postgresPassword}\n`);
  // Postgres reads it as a user of its own; nobody else mounts this volume.
  await chmod(password, 0o644);
  say(`prepared the files of ${services.map(({ name }) => name).join(', ')}`);
}

/** JWTs are issued anew each time; only what is around them is a change. @param {string} text */
function withoutJwts(text) {
  return text.replaceAll(/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, 'JWT');
}

async function servers() {
  const adminUrl = `postgresql://postgres:${encodeURIComponent(secrets.postgresPassword)}@postgres:5432/postgres`;
  await until('reach PostgreSQL', () => ensureDatabases(adminUrl, secrets.databasePasswords));
  if (
    withoutJwts(await readFile(RUNNING_CONFIG, 'utf8')) !== withoutJwts(await readFile(NATS_CONFIG, 'utf8'))
  ) {
    throw new Error(
      'the broker still runs with an older configuration: docker compose restart nats, then docker compose up -d',
    );
  }
  await settleNats({
    url: NATS_URL,
    credsFile: credsFileOf('system'),
    streamsCredsFile: credsFileOf('streams'),
    replicas: Number(process.env.NATS_REPLICAS ?? 1),
    hubJwt: await readFile(HUB_JWT, 'utf8'),
    deadlineMs: DEADLINE_MS,
  });
  say('databases and bus are ready');
}

/** @param {string} doing @param {() => Promise<unknown>} attempt */
async function until(doing, attempt) {
  const end = Date.now() + DEADLINE_MS;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      say(`cannot ${doing} yet: ${/** @type {Error} */ (error).message}`);
      await sleep(RETRY_MS);
    }
  }
}

await step();
