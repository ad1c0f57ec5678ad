import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../build.mjs';
import { generate } from '../generate.mjs';
import { Advice, ROOT } from '../install/install.mjs';
import { databaseUrl } from '../servers/databases.mjs';
import { services } from '../services.mjs';
import { serviceEnvironment } from './environment.mjs';
import { gatewayHost } from './ports.mjs';

/** @typedef {{ name: string, instance: string, index: number, database: boolean }} Instance one process of a service */

/**
 * `npm run dev` runs what is compiled: to bundle every program after each change of a library would take longer than to
 * load their files.
 */
const isWatching = process.argv.includes('--watch');
const FOLDER = isWatching ? 'dist' : 'bundle';

/** @param {string} name */
export const programOf = (name) => join(ROOT, 'apps', name, FOLDER, 'main.js');

/** What the stack itself runs. */
const RUN = [...services.map(({ name }) => name), 'demo', 'provider-agent'].map(
  (name) => `apps/${name}/bundle/main.js`,
);

/** Compiles everything, and bundles what others run meanwhile, as `dc`. */
export const bundleOthers = () => build({ bundles: ({ name }) => !RUN.includes(name) });

/**
 * Builds everything. @param {(line: string) => void} say
 * @returns {Promise<typeof services>} the services that are there
 */
export async function buildServices(say) {
  const generated = await generate(say);
  const { compiled, bundled, errors } = await (isWatching ? bundleOthers() : build());
  for (const error of errors.slice(0, 20)) console.error(error);
  if (errors.length > 0)
    throw new Advice(`The build has ${errors.length} errors (above). Correct them and start again.`);
  say(`built (${generated} clients generated, ${compiled} files compiled, ${bundled} programs bundled)`);
  return services.filter(({ name }) => {
    const exists = existsSync(programOf(name));
    if (!exists) say(`apps/${name} does not exist yet: left out`);
    return exists;
  });
}

/** @param {typeof services} present @param {number} replicas @returns {Instance[]} */
export function instancesOf(present, replicas) {
  return present.flatMap((service) =>
    Array.from({ length: replicas }, (_, index) => ({
      ...service,
      index,
      instance: index === 0 ? service.name : `${service.name}-${index + 1}`,
    })),
  );
}

/**
 * Everything that one process of a service is told.
 * @param {Instance} service
 * @param {{ run: import('./run.mjs').StackRun, secrets: any, natsUrl: string, publicUrl: string,
 *   ports: Awaited<ReturnType<typeof import('./ports.mjs').choosePorts>>,
 *   postgres: import('../servers/postgres.mjs').PostgresServer | undefined }} platform
 */
export function environmentOf({ name, instance, index, database }, platform) {
  const { run, secrets, natsUrl, publicUrl, ports, postgres } = platform;
  /** @type {Record<string, string>} */
  const env = {
    ...serviceEnvironment({
      name,
      secrets,
      natsUrl,
      credsFile: run.credsFileOf(name),
      systemCredsFile: run.credsFileOf('system'),
      agentNatsUrls: `nats://127.0.0.1:${ports.others.nats},ws://127.0.0.1:${ports.others.natsWebsocket}`,
      ...(database && postgres
        ? { databaseUrl: databaseUrl(postgres, name, secrets.databasePasswords[name]) }
        : {}),
    }),
    OPS_PORT: String(ports.others[instance]),
    ENVIRONMENT: process.env.ENVIRONMENT ?? 'dev',
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'info',
    PUBLIC_URL: publicUrl,
  };
  if (name === 'gateway') Object.assign(env, { PORT: String(ports.gateways[index]), HOST: gatewayHost() });
  if (name === 'notifications') env.SMTP_URL = `smtp://127.0.0.1:${ports.others.mailSmtp}`;
  if (name === 'agents') Object.assign(env, dnsSettings());
  return env;
}

/** The token of the zone is for one service only. */
function dnsSettings() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('CF_')));
}
