import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureDatabases } from '../servers/databases.mjs';
import { startPostgres } from '../servers/postgres.mjs';

/** The platform's database server: started again whenever it ends by itself. */
export class StackPostgres {
  /** @type {import('../servers/postgres.mjs').PostgresServer | undefined} */
  server;
  /** Also while it is not there yet: it has to be stopped too. @type {Promise<import('../servers/postgres.mjs').PostgresServer> | undefined} */
  starting;

  /**
   * @param {import('./run.mjs').StackRun} run
   * @param {() => Promise<void>} onRestarted it has another process id now
   */
  constructor(run, onRestarted) {
    this.run = run;
    this.onRestarted = onRestarted;
    this.folder = join(run.dataDir, 'postgres');
  }

  /** @param {{ port: number, password: string, databasePasswords: Record<string, string> }} options */
  async start(options) {
    const { port, password, databasePasswords } = options;
    this.starting = startPostgres({ folder: this.folder, password, port });
    const server = await this.starting;
    this.server = server;
    await ensureDatabases(server.adminUrl, databasePasswords);
    this.run.say(`PostgreSQL answers on 127.0.0.1:${server.port}`);
    server.exited.then((code) => this.ended(code, options));
  }

  async stop() {
    await (await this.starting?.catch(() => undefined))?.stop();
  }

  /** @param {number | null} code @param {Parameters<StackPostgres['start']>[0]} options */
  async ended(code, options) {
    const { run } = this;
    for (let attempt = 0; !run.stopping; attempt++) {
      const waitSeconds = Math.min(10, 2 ** attempt);
      run.say(`PostgreSQL ended (code ${code}); starting it again in ${waitSeconds} s`);
      await sleep(waitSeconds * 1_000);
      if (run.stopping) return;
      try {
        await this.start(options);
        await this.onRestarted();
        return;
      } catch (error) {
        run.say(String(/** @type {Error} */ (error).message));
      }
    }
  }
}
