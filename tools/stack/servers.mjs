import { join } from 'node:path';
import { ROOT } from '../install/install.mjs';
import { ensureNatsServer } from '../servers/nats-server.mjs';
import { settleNats, writeNatsFiles } from './nats.mjs';
import { nodeArguments, nodeEnvironment } from './node.mjs';

/**
 * @typedef {object} ServerOptions
 * @property {import('./run.mjs').StackRun} run
 * @property {import('./children.mjs').StackChildren} children
 * @property {Record<string, number>} ports
 */

/** @param {ServerOptions & { secrets: any }} options @returns {Promise<string>} where it answers */
export async function startNats({ run, children, ports, secrets }) {
  const { nats, natsWebsocket } = ports;
  const folder = join(run.dataDir, 'nats');
  const configFile = join(folder, 'nats.conf');
  const [program, { hubJwt }] = await Promise.all([
    ensureNatsServer({ dataDir: run.dataDir, log: run.say }),
    writeNatsFiles({
      secrets,
      configFile,
      credsFileOf: run.credsFileOf,
      server: {
        port: nats ?? 0,
        websocketPort: natsWebsocket ?? 0,
        storeDir: join(folder, 'streams'),
        resolverDir: join(folder, 'accounts'),
      },
    }),
  ]);
  const url = `nats://127.0.0.1:${nats}`;
  children.add('nats', program, ['-c', configFile], {});
  await settleNats({
    url,
    credsFile: run.credsFileOf('system'),
    streamsCredsFile: run.credsFileOf('streams'),
    hubJwt,
  });
  run.say(`NATS answers on 127.0.0.1:${nats} (WebSocket ${natsWebsocket})`);
  return url;
}

/** @param {ServerOptions} options */
export async function startMailCatcher({ run, children, ports }) {
  const { mailSmtp, mailHttp } = ports;
  const child = children.add(
    'mail-catcher',
    process.execPath,
    [...nodeArguments, join(ROOT, 'tools/servers/mail-catcher.mjs')],
    {
      ...nodeEnvironment,
      MAIL_SMTP_PORT: String(mailSmtp),
      MAIL_HTTP_PORT: String(mailHttp),
      MAIL_FOLDER: join(run.dataDir, 'mail'),
    },
  );
  await children.waitReady(child, mailHttp);
}
