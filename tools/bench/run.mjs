import '../install/needed-node.mjs';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../build.mjs';
import { generate } from '../generate.mjs';
import { Advice, ROOT, withAdvice } from '../install/install.mjs';
import { ensureNatsServer } from '../servers/nats-server.mjs';
import { startPostgres } from '../servers/postgres.mjs';

/** Builds, starts a PostgreSQL with data of its own for the small measurements, and runs apps/bench. */
await withAdvice(async () => {
  const log = (/** @type {string} */ line) => console.error(line);
  await generate(log);
  const { errors } = await build();
  if (errors.length > 0) throw new Advice(errors.slice(0, 20).join('\n'));
  const dataDir = process.env.DC_DATA_DIR ?? join(ROOT, '.data');
  const natsServer = await ensureNatsServer({ dataDir, log });
  const folder = await mkdtemp(join(tmpdir(), 'dc-bench-postgres-'));
  try {
    await chmod(folder, 0o755);
    // It flushes like that of the platform: what it costs to keep things is part of what is measured.
    const password = randomBytes(16).toString('hex');
    const postgres = await startPostgres({ folder: join(folder, 'data'), password });
    try {
      process.exitCode = await run({
        NATS_SERVER_BIN: natsServer,
        DC_TEST_DATABASE_URL: postgres.adminUrl,
        NODE_NO_WARNINGS: '1',
      });
    } finally {
      await postgres.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  // The way to whoever started this is open and would keep it alive.
  process.exit();
});

/** @param {Record<string, string>} env @returns {Promise<number>} */
function run(env) {
  return new Promise((done, fail) => {
    const program = join(ROOT, 'apps/bench/dist/main.js');
    const child = spawn(process.execPath, ['--enable-source-maps', program, ...process.argv.slice(2)], {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, ...env },
    });
    // A terminal sends Ctrl-C to all of us: the child ends first.
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    process.on('disconnect', () => child.kill('SIGTERM'));
    child.once('error', fail);
    child.once('exit', (code) => done(code ?? 1));
  });
}
