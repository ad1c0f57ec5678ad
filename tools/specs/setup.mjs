import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensureNatsServer } from '../servers/nats-server.mjs';
import { startPostgres } from '../servers/postgres.mjs';

/** Before integration specs: one PostgreSQL for the run, and a nats-server program (each spec file starts its own). */
export default async function setup() {
  const root = resolve(import.meta.dirname, '../..');
  process.env.NATS_SERVER_BIN = await ensureNatsServer({
    dataDir: process.env.DC_DATA_DIR ?? join(root, '.data'),
    log: (line) => console.error(line),
  });
  if (globalThis.dcTestPostgres) return;
  const folder = await mkdtemp(join(tmpdir(), 'dc-postgres-'));
  await chmod(folder, 0o755);
  const server = await startPostgres({
    folder: join(folder, 'data'),
    password: randomBytes(16).toString('hex'),
    durable: false,
  });
  process.env.DC_TEST_DATABASE_URL = server.adminUrl;
  globalThis.dcTestPostgres = {
    users: 0,
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
