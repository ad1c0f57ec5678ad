import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeSecretFile } from './secrets.mjs';

/**
 * Writes the broker's configuration and the creds files of everybody who signs in there.
 * @param {{ secrets: any, configFile: string, credsFileOf: (user: string) => string, server: { port: number,
 *   websocketPort: number, storeDir: string, resolverDir: string, host?: string, monitoringPort?: number } }} options
 *   `server`: as the broker sees itself, who may live in a container of its own
 */
export async function writeNatsFiles({ secrets, configFile, credsFileOf, server }) {
  const auth = await import('@decent-cloud/nats-auth');
  const operatorSigningSeed = secrets.operatorSigningSeed;
  const hubJwt = await auth.hubAccountJwt({
    accountPublicKey: secrets.hubAccountPublic,
    operatorSigningSeed,
    userSigningKeyPublic: auth.publicKeyOf(secrets.hubUserSigningSeed),
  });
  const systemJwt = await auth.systemAccountJwt({
    accountPublicKey: secrets.systemAccountPublic,
    operatorSigningSeed,
    userSigningKeyPublic: auth.publicKeyOf(secrets.systemUserSigningSeed),
  });
  const write = async (/** @type {string} */ file, /** @type {string} */ text) => {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeSecretFile(file, text);
  };
  await write(
    configFile,
    auth.natsServerConfig({
      serverName: 'decent-cloud-1',
      ...server,
      operatorJwt: await auth.operatorJwt({
        operatorSeed: secrets.operatorSeed,
        signingKeyPublic: auth.publicKeyOf(operatorSigningSeed),
        systemAccountPublic: secrets.systemAccountPublic,
      }),
      systemAccountPublic: secrets.systemAccountPublic,
      preload: { [secrets.hubAccountPublic]: hubJwt, [secrets.systemAccountPublic]: systemJwt },
    }),
  );
  for (const name of auth.hubUserNames) {
    const seed = secrets.hubUserSeeds[name];
    const jwt = await auth.hubUserJwt({
      name,
      userPublicKey: auth.publicKeyOf(seed),
      accountPublicKey: secrets.hubAccountPublic,
      userSigningSeed: secrets.hubUserSigningSeed,
    });
    await write(credsFileOf(name), auth.credsText(jwt, seed));
  }
  const systemUserJwt = await auth.systemUserJwt({
    userPublicKey: auth.publicKeyOf(secrets.systemUserSeed),
    accountPublicKey: secrets.systemAccountPublic,
    userSigningSeed: secrets.systemUserSigningSeed,
  });
  await write(credsFileOf('system'), auth.credsText(systemUserJwt, secrets.systemUserSeed));
  return { hubJwt };
}

/**
 * Waits until the broker answers and knows the hub as this version declares it (its folder may hold an older one).
 * Then its streams are as this version declares them.
 * @param {{ url: string, credsFile: string, streamsCredsFile: string, hubJwt: string, replicas?: number,
 *   deadlineMs?: number }} options
 */
export async function settleNats(options) {
  const { url, credsFile, streamsCredsFile, hubJwt, replicas = 1, deadlineMs = 20_000 } = options;
  const { connectBus } = await import('@decent-cloud/bus');
  const { pushAccountJwt } = await import('@decent-cloud/nats-auth');
  const connection = await connectBus({
    servers: url,
    name: 'start',
    credsFile,
    firstConnectDeadlineMs: deadlineMs,
  });
  try {
    await pushAccountJwt(connection, hubJwt);
  } finally {
    await connection.close();
  }
  await settleStreams({ url, credsFile: streamsCredsFile, replicas });
}

/**
 * Makes the streams, or brings them in line with this version: no service may.
 * @param {{ url: string, credsFile: string, replicas: number }} options
 */
async function settleStreams({ url, credsFile, replicas }) {
  const { connectBus, ensureStream } = await import('@decent-cloud/bus');
  const { streams } = await import('@decent-cloud/messages');
  const { jetstreamManager } = await import('@nats-io/jetstream');
  const connection = await connectBus({ servers: url, name: 'start (streams)', user: 'streams', credsFile });
  try {
    const manager = await jetstreamManager(connection);
    for (const stream of Object.values(streams)) await ensureStream(manager, stream, replicas);
  } finally {
    await connection.close();
  }
}
