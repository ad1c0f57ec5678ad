import { existsSync } from 'node:fs';
import { mkdir, readFile, statfs } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from './build.mjs';
import { Child } from './child.mjs';
import { generate } from './generate.mjs';
import { Advice, ROOT } from './install.mjs';
import { ensureNatsServer } from './nats-server.mjs';
import { databaseUrl, ensureDatabases, startPostgres } from './postgres.mjs';
import { services } from './services.mjs';
import { prepareDemo } from './stack-demo.mjs';
import { serviceEnvironment } from './stack-environment.mjs';
import { settleNats, writeNatsFiles } from './stack-nats.mjs';
import { PidFile } from './stack-pids.mjs';
import { choosePorts } from './stack-ports.mjs';
import { loadSecrets } from './stack-secrets.mjs';
import { isConcerned, watchSources } from './stack-watch.mjs';

const LEAST_FREE_BYTES = 1024 ** 3;
const READY_DEADLINE_MS = 60_000;
/** So often it has not come by a passing fault. */
const DEATHS_BEFORE_READY = 4;

/** For tests that end parts on purpose: always this wait instead of ever longer ones. */
const RESTART_SECONDS = Number(process.env.DC_RESTART_SECONDS ?? 0) || 0;

/** The whole platform on one machine: `npm start` and, with `--watch`, `npm run dev`. */
class Stack {
  dataDir = resolve(ROOT, process.env.DC_DATA_DIR ?? '.data');
  replicas = Math.max(1, Number(process.env.DC_REPLICAS ?? 1) || 1);
  started = performance.now();
  stopping = false;
  /** In the order of starting. @type {Child[]} */
  children = [];
  /** @type {import('./postgres.mjs').PostgresServer | undefined} */
  postgres;
  /** Also while it is not there yet: it has to be stopped too. @type {Promise<import('./postgres.mjs').PostgresServer> | undefined} */
  postgresStarting;
  pids = new PidFile(this.dataDir);
  /** @type {any} */
  secrets;
  /** @type {Awaited<ReturnType<typeof choosePorts>>} */
  ports = { gateways: [], others: {} };
  natsUrl = '';

  /** @param {string} user */
  credsFileOf = (user) => join(this.dataDir, 'creds', `${user}.creds`);

  /** @param {string} line */
  say = (line) => {
    const seconds = ((performance.now() - this.started) / 1_000).toFixed(1).padStart(6);
    console.log(`${seconds} s  ${line}`);
  };

  async start() {
    await mkdir(join(this.dataDir, 'logs'), { recursive: true, mode: 0o755 });
    await this.checkDisk();
    await this.pids.endStale(this.say);
    // At once: a second start on the same data would end the servers of this one.
    await this.pids.write([]);
    const present = await this.prepare();
    const instances = present.flatMap((service) =>
      Array.from({ length: this.replicas }, (_, index) => ({
        ...service,
        index,
        instance: index === 0 ? service.name : `${service.name}-${index + 1}`,
      })),
    );
    const gateways = instances.filter(({ name }) => name === 'gateway').length;
    const names = ['postgres', 'nats', 'natsWebsocket', 'mailSmtp', 'mailHttp'];
    this.ports = await choosePorts(
      this.dataDir,
      [...names, ...instances.map(({ instance }) => instance)],
      gateways,
    );
    this.secrets = await loadSecrets(this.dataDir);
    await Promise.all([this.startPostgres(), this.startNats(), this.startMailCatcher()]);
    this.guard();
    this.say(`starting ${instances.map(({ instance }) => instance).join(', ') || 'no services yet'}`);
    const children = instances.map((instance) => this.startService(instance));
    await this.savePids();
    await Promise.all(children.map((child) => this.waitReady(child, this.ports.others[child.name])));
    await this.savePids();
    await this.demo();
    await this.printWhatNext();
    if (process.argv.includes('--watch')) this.watch();
  }

  async checkDisk() {
    const { bavail, bsize } = await statfs(this.dataDir);
    const free = bavail * bsize;
    if (free >= LEAST_FREE_BYTES) return;
    throw new Advice(
      `Only ${Math.round(free / 1024 ** 2)} MiB are free where ${this.dataDir} is; the databases need 1 GiB to work safely.\n` +
        'Free some space, or put the data on another disk: DC_DATA_DIR=/other/disk/dc-data npm start',
    );
  }

  async prepare() {
    const generated = await generate(this.say);
    const { compiled, errors } = await build();
    for (const error of errors.slice(0, 20)) console.error(error);
    if (errors.length > 0)
      throw new Advice(`The build has ${errors.length} errors (above). Correct them and start again.`);
    this.say(`built (${generated} clients generated, ${compiled} files compiled)`);
    return services.filter(({ name }) => {
      const exists = existsSync(this.programOf(name));
      if (!exists) this.say(`apps/${name} does not exist yet: left out`);
      return exists;
    });
  }

  /** @param {string} name */
  programOf(name) {
    return join(ROOT, 'apps', name, 'dist', 'main.js');
  }

  async startPostgres() {
    const { postgresPassword, databasePasswords } = this.secrets;
    this.postgresStarting = startPostgres({
      folder: join(this.dataDir, 'postgres'),
      password: postgresPassword,
      port: this.ports.others.postgres ?? 0,
    });
    const server = await this.postgresStarting;
    this.postgres = server;
    await ensureDatabases(server.adminUrl, databasePasswords);
    this.say(`PostgreSQL answers on 127.0.0.1:${server.port}`);
    server.exited.then((code) => this.postgresEnded(code));
  }

  /** @param {number | null} code */
  async postgresEnded(code) {
    for (let attempt = 0; !this.stopping; attempt++) {
      const waitSeconds = Math.min(10, 2 ** attempt);
      this.say(`PostgreSQL ended (code ${code}); starting it again in ${waitSeconds} s`);
      await sleep(waitSeconds * 1_000);
      if (this.stopping) return;
      try {
        await this.startPostgres();
        await this.savePids();
        return;
      } catch (error) {
        this.say(String(/** @type {Error} */ (error).message));
      }
    }
  }

  async startNats() {
    const { nats, natsWebsocket } = this.ports.others;
    const folder = join(this.dataDir, 'nats');
    const configFile = join(folder, 'nats.conf');
    const [program, { hubJwt }] = await Promise.all([
      ensureNatsServer({ dataDir: this.dataDir, log: this.say }),
      writeNatsFiles({
        secrets: this.secrets,
        configFile,
        credsFileOf: this.credsFileOf,
        server: {
          port: nats ?? 0,
          websocketPort: natsWebsocket ?? 0,
          storeDir: join(folder, 'streams'),
          resolverDir: join(folder, 'accounts'),
        },
      }),
    ]);
    this.natsUrl = `nats://127.0.0.1:${nats}`;
    this.add('nats', program, ['-c', configFile], {});
    await settleNats({ url: this.natsUrl, credsFile: this.credsFileOf('system'), hubJwt });
    this.say(`NATS answers on 127.0.0.1:${nats} (WebSocket ${natsWebsocket})`);
  }

  async startMailCatcher() {
    const { mailSmtp, mailHttp } = this.ports.others;
    const child = this.add('mail-catcher', process.execPath, [join(ROOT, 'tools/mail-catcher.mjs')], {
      MAIL_SMTP_PORT: String(mailSmtp),
      MAIL_HTTP_PORT: String(mailHttp),
      MAIL_FOLDER: join(this.dataDir, 'mail'),
    });
    await this.waitReady(child, mailHttp);
  }

  /** @param {string} name @param {string} command @param {string[]} args @param {Record<string, string>} env */
  add(name, command, args, env) {
    if (this.stopping) throw new Advice('stopped while starting');
    const child = new Child({
      name,
      command,
      args,
      env: { ...inherited(), ...env },
      cwd: ROOT,
      logFolder: join(this.dataDir, 'logs'),
      say: this.say,
      ...(RESTART_SECONDS > 0 ? { backOffSeconds: [RESTART_SECONDS] } : {}),
    });
    this.children.push(child);
    child.start();
    return child;
  }

  get publicUrl() {
    return process.env.PUBLIC_URL ?? `http://localhost:${this.ports.gateways[0]}`;
  }

  /** @param {{ name: string, instance: string, index: number, database: boolean }} service */
  startService({ name, instance, index, database }) {
    const { secrets, ports } = this;
    /** @type {Record<string, string>} */
    const env = {
      ...serviceEnvironment({
        name,
        secrets,
        natsUrl: this.natsUrl,
        credsFile: this.credsFileOf(name),
        systemCredsFile: this.credsFileOf('system'),
        agentNatsUrls: `nats://127.0.0.1:${ports.others.nats},ws://127.0.0.1:${ports.others.natsWebsocket}`,
        ...(database && this.postgres
          ? { databaseUrl: databaseUrl(this.postgres, name, secrets.databasePasswords[name]) }
          : {}),
      }),
      OPS_PORT: String(ports.others[instance]),
      ENVIRONMENT: process.env.ENVIRONMENT ?? 'dev',
      LOG_LEVEL: process.env.LOG_LEVEL ?? 'info',
      PUBLIC_URL: this.publicUrl,
    };
    if (name === 'gateway') env.PORT = String(ports.gateways[index]);
    if (name === 'notifications') env.SMTP_URL = `smtp://127.0.0.1:${ports.others.mailSmtp}`;
    if (name === 'agents') Object.assign(env, dnsSettings());
    return this.add(instance, process.execPath, ['--enable-source-maps', this.programOf(name)], env);
  }

  /** @param {Child} child @param {number | undefined} port */
  async waitReady(child, port) {
    // What the demo asks for has no such door.
    if (port === undefined) return;
    const started = performance.now();
    const until = started + READY_DEADLINE_MS;
    let answer = 'it does not answer';
    while (performance.now() < until && child.deaths < DEATHS_BEFORE_READY && !this.stopping) {
      try {
        const reply = await fetch(`http://127.0.0.1:${port}/health/ready`, {
          signal: AbortSignal.timeout(3_000),
        });
        answer = await reply.text();
        if (reply.ok) return;
      } catch (error) {
        answer = /** @type {any} */ (error).cause?.message ?? String(error);
      }
      await sleep(50);
    }
    if (this.stopping) return;
    const seconds = Math.round((performance.now() - started) / 1_000);
    const died = child.deaths > 0 ? `, it died ${child.deaths} times` : '';
    throw new Advice(
      `${child.name} is not ready after ${seconds} s${died}: ${answer}\nIts log, ${join(this.dataDir, 'logs', `${child.name}.log`)}, ends with:\n` +
        `${child.lastLines.slice(-12).join('\n')}`,
    );
  }

  async demo() {
    const [port] = this.ports.gateways;
    if (process.env.DC_DEMO === '0' || port === undefined) return;
    const folder = join(this.dataDir, 'demo');
    const apiUrl = `http://127.0.0.1:${port}`;
    const own = { API_URL: apiUrl, PUBLIC_URL: this.publicUrl, DEMO_FOLDER: folder };
    await prepareDemo({
      program: this.programOf('demo'),
      folder,
      apiUrl,
      env: { ...inherited(), ...own },
      logFolder: join(this.dataDir, 'logs'),
      say: this.say,
      isStopping: () => this.stopping,
      add: (name, command, args, env) => this.add(name, command, args, env),
    });
    await this.savePids();
  }

  async printWhatNext() {
    this.say('ready');
    const lines = [''];
    for (const port of this.ports.gateways) lines.push(`  API and web page   http://localhost:${port}`);
    if (this.ports.gateways.length > 0) {
      lines.push(`  API reference      http://localhost:${this.ports.gateways[0]}/api/v1/swagger`);
    }
    lines.push(`  Mails              http://localhost:${this.ports.others.mailHttp}`);
    lines.push(`  Data and logs      ${relative(process.cwd(), this.dataDir) || this.dataDir}`);
    const next = join(this.dataDir, 'demo', 'next-steps.txt');
    if (existsSync(next)) lines.push('', (await readFile(next, 'utf8')).trimEnd());
    lines.push('', '  Ctrl-C stops everything; npm start goes on with the same data.', '');
    console.log(lines.join('\n'));
  }

  async savePids() {
    const match = (/** @type {Child} */ child) => child.options.args.at(-1) ?? child.options.command;
    const children = this.children
      .filter((child) => child.pid > 0)
      .map((child) => ({ name: child.name, pid: child.pid, match: match(child) }));
    if (this.postgres) {
      children.push({ name: 'postgres', pid: this.postgres.pid, match: join(this.dataDir, 'postgres') });
    }
    await this.pids.write(children);
  }

  /** The disk may fill up, and children get new process ids. */
  guard() {
    let warned = false;
    setInterval(() => {
      this.savePids().catch((error) => this.say(`stack.json cannot be written: ${error.message}`));
      this.checkDisk().then(
        () => {
          warned = false;
        },
        (error) => {
          if (!warned) this.say(error.message);
          warned = true;
        },
      );
    }, 5_000).unref();
  }

  watch() {
    watchSources(
      ROOT,
      (projects) => this.rebuild(projects),
      (error) => this.say(`not rebuilt: ${error.message}`),
    );
    this.say('watching apps, libs and prisma: a change restarts what uses it');
  }

  /** Builds again and restarts what a change concerns. @param {ReadonlySet<string>} projects */
  async rebuild(projects) {
    const generated = await generate(this.say);
    const { compiled, removed, errors } = await build();
    for (const error of errors.slice(0, 5)) console.error(error);
    if (errors.length > 0) {
      this.say('not restarted: the build has errors (above)');
      return;
    }
    if (generated + compiled + removed === 0 || this.stopping) return;
    const concerned = this.children.filter((child) => isConcerned(child.options.args, projects));
    if (concerned.length === 0) return;
    this.say(`changed: restarting ${concerned.map((child) => child.name).join(', ')}`);
    await Promise.all(concerned.map((child) => child.restart()));
    const ready = await Promise.all(
      concerned.map((child) =>
        this.waitReady(child, this.ports.others[child.name]).then(
          () => true,
          (error) => this.say(error.message),
        ),
      ),
    );
    await this.savePids();
    if (ready.every(Boolean)) this.say('ready again');
  }

  /** Ends everything, what was started last first. */
  async stop() {
    if (this.stopping) return;
    this.stopping = true;
    const last = (/** @type {Child} */ child) => ['nats', 'mail-catcher'].includes(child.name);
    const gateways = this.children.filter((child) => child.name.startsWith('gateway'));
    const others = this.children.filter((child) => !gateways.includes(child) && !last(child));
    for (const group of [gateways, others.reverse(), this.children.filter(last)]) {
      await Promise.all(group.map((child) => child.stop()));
    }
    await (await this.postgresStarting?.catch(() => undefined))?.stop();
    if (this.pids.isOurs) await this.pids.remove();
  }
}

/** What every child may see of our own environment: not npm's variables, nothing that would change another's database, no token of the zone. */
function inherited() {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_|DATABASE_URL$|NATS_|CF_|NODE_OPTIONS$|OPS_PORT$|PORT$)/.test(name),
    ),
  );
}

/** The token of the zone is for one service only. */
function dnsSettings() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('CF_')));
}

const stack = new Stack();
let asked = 0;
/** @param {string} why */
async function end(why) {
  asked++;
  if (asked === 1) {
    const something = stack.children.length > 0 || stack.postgres !== undefined;
    if (something) stack.say(`${why}: stopping (again to kill)`);
    await stack.stop();
    if (something) stack.say('stopped; nothing is left running');
    process.exit(process.exitCode ?? 0);
  }
  if (asked === 3) process.exit(1);
}
process.on('SIGINT', () => void end('Ctrl-C'));
process.on('SIGTERM', () => void end('asked to end'));
process.on('SIGHUP', () => void end('the terminal is closed'));
// A closed terminal or pipe takes no more lines; what runs must still be stopped in order.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
process.on('disconnect', () => void end('the starting program is gone'));

try {
  await stack.start();
} catch (error) {
  if (!stack.stopping) {
    console.error(error instanceof Advice ? `\n${error.message}` : error);
    process.exitCode = 1;
    await end('not started');
  }
}
