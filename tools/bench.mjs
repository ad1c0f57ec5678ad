import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';
import { generate } from './generate.mjs';
import { Advice, ensureInstalled, NODE, ROOT, withAdvice } from './install/install.mjs';
import { ensureNatsServer } from './servers/nats-server.mjs';
import { startPostgres } from './servers/postgres.mjs';

/**
 * `npm run bench`: builds, starts a PostgreSQL with data of its own for the small measurements, and runs apps/bench, which
 * measures and prints. Arguments are those of apps/bench.
 */
const log = (/** @type {string} */ line) => console.error(line);

await withAdvice(async () => {
  const args = process.argv.slice(2);
  await ensureInstalled(log);
  await generate(log);
  const { errors } = await build();
  if (errors.length > 0) throw new Advice(errors.slice(0, 20).join('\n'));
  const measuresNothing = args.some((argument) => ['--help', '--list'].includes(argument));
  process.exit(await (measuresNothing ? bench(ROOT, args) : withServers((env) => bench(ROOT, args, env))));
});

/** @template T @param {(env: Record<string, string>) => Promise<T>} use @returns {Promise<T>} */
async function withServers(use) {
  const natsServer = await ensureNatsServer({ dataDir: process.env.DC_DATA_DIR ?? join(ROOT, '.data'), log });
  const folder = await mkdtemp(join(tmpdir(), 'dc-bench-postgres-'));
  try {
    await chmod(folder, 0o755);
    // It flushes like that of the platform: what it costs to keep things is part of what is measured.
    const password = randomBytes(16).toString('hex');
    const postgres = await startPostgres({ folder: join(folder, 'data'), password });
    try {
      return await use({ NATS_SERVER_BIN: natsServer, DC_TEST_DATABASE_URL: postgres.adminUrl });
    } finally {
      await postgres.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Measures what is built in a tree, with the bench of that tree.
 * @param {string} tree @param {readonly string[]} args @param {Record<string, string>} [env] @returns {Promise<number>}
 */
function bench(tree, args, env = {}) {
  return new Promise((done, fail) => {
    const program = join(tree, 'apps/bench/dist/main.js');
    const child = spawn(NODE, ['--enable-source-maps', program, ...args], {
      cwd: tree,
      // It sees by the channel when this process is gone.
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, NODE_NO_WARNINGS: '1', ...env },
    });
    // A terminal sends Ctrl-C to all of us: the child ends first.
    process.on('SIGINT', () => undefined);
    for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP']))
      process.on(signal, () => child.kill('SIGTERM'));
    child.once('error', fail);
    child.once('exit', (code) => done(code ?? 1));
  });
}
