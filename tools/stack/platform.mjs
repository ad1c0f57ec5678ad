import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { BrokerWatch, freeBytesOf, readinessOf } from './broker.mjs';
import { inherited, StackChildren } from './children.mjs';
import { prepareDemo } from './demo.mjs';
import { nodeArguments, nodeEnvironment } from './node.mjs';
import { PidFile } from './pids.mjs';
import { choosePorts, gatewayHost, isLoopback } from './ports.mjs';
import { StackPostgres } from './postgres.mjs';
import { rebuildOnChange } from './rebuild.mjs';
import { replicas, StackRun } from './run.mjs';
import { loadSecrets } from './secrets.mjs';
import { startMailCatcher, startNats } from './servers.mjs';
import { buildServices, environmentOf, instancesOf, programOf } from './services.mjs';

/** The whole platform on one machine: `npm start` and, with `--watch`, `npm run dev`. */
export class Stack {
  run = new StackRun();
  replicas = replicas();
  children = new StackChildren(this.run);
  postgres = new StackPostgres(this.run, () => this.savePids());
  pids = new PidFile(this.run.dataDir);
  /** @type {any} */
  secrets;
  /** @type {Awaited<ReturnType<typeof choosePorts>>} */
  ports = { gateways: [], others: {} };
  natsUrl = '';

  async start() {
    const { run, children } = this;
    await mkdir(run.logFolder, { recursive: true, mode: 0o755 });
    await run.checkDisk();
    await this.pids.endStale(run.say);
    // At once: a second start on the same data would end the servers of this one.
    await this.pids.take();
    const instances = instancesOf(await buildServices(run.say), this.replicas);
    const gateways = instances.filter(({ name }) => name === 'gateway').length;
    const names = ['postgres', 'nats', 'natsWebsocket', 'mailSmtp', 'mailHttp'];
    this.ports = await choosePorts(
      run.dataDir,
      [...names, ...instances.map(({ instance }) => instance)],
      gateways,
    );
    this.secrets = await loadSecrets(run.dataDir);
    await this.startServers();
    this.guard();
    this.watchBroker(instances.map(({ instance }) => instance));
    run.say(`starting ${instances.map(({ instance }) => instance).join(', ') || 'no services yet'}`);
    const services = instances.map((instance) => this.startService(instance));
    await this.savePids();
    await Promise.all(services.map((child) => children.waitReady(child, this.ports.others[child.name])));
    await this.savePids();
    await this.demo();
    await this.printWhatNext();
    if (process.argv.includes('--watch')) this.watch();
  }

  async startServers() {
    const { run, children, secrets } = this;
    const { postgresPassword: password, databasePasswords } = secrets;
    const ports = this.ports.others;
    const nats = async () => {
      this.natsUrl = await startNats({ run, children, ports, secrets });
    };
    await Promise.all([
      this.postgres.start({ port: ports.postgres ?? 0, password, databasePasswords }),
      nats(),
      startMailCatcher({ run, children, ports }),
    ]);
  }

  get publicUrl() {
    return process.env.PUBLIC_URL ?? `http://localhost:${this.ports.gateways[0]}`;
  }

  /** @param {import('./services.mjs').Instance} service */
  startService(service) {
    const { run, secrets, natsUrl, publicUrl, ports } = this;
    const postgres = this.postgres.server;
    const env = environmentOf(service, { run, secrets, natsUrl, publicUrl, ports, postgres });
    const args = [...nodeArguments, programOf(service.name)];
    return this.children.add(service.instance, process.execPath, args, { ...nodeEnvironment, ...env });
  }

  async demo() {
    const { run, children } = this;
    const [port] = this.ports.gateways;
    if (process.env.DC_DEMO === '0' || port === undefined) return;
    const folder = join(run.dataDir, 'demo');
    const apiUrl = `http://127.0.0.1:${port}`;
    const own = {
      API_URL: apiUrl,
      PUBLIC_URL: this.publicUrl,
      DEMO_FOLDER: folder,
      AGENT_PROGRAM: programOf('provider-agent'),
    };
    await prepareDemo({
      program: programOf('demo'),
      folder,
      apiUrl,
      env: { ...inherited(), ...nodeEnvironment, ...own },
      logFolder: run.logFolder,
      say: run.say,
      isStopping: () => run.stopping,
      add: (name, command, args, env) => children.add(name, command, args, env),
    });
    await this.savePids();
  }

  async printWhatNext() {
    const { run } = this;
    run.say('ready');
    const lines = [''];
    for (const port of this.ports.gateways) lines.push(`  API and web page   http://localhost:${port}`);
    if (this.ports.gateways.length > 0) {
      lines.push(`  API reference      http://localhost:${this.ports.gateways[0]}/api/v1/swagger`);
    }
    lines.push(`  Mails              http://localhost:${this.ports.others.mailHttp}`);
    lines.push(`  Data and logs      ${relative(process.cwd(), run.dataDir) || run.dataDir}`);
    const next = join(run.dataDir, 'demo', 'next-steps.txt');
    if (existsSync(next)) lines.push('', (await readFile(next, 'utf8')).trimEnd());
    const host = gatewayHost();
    if (!isLoopback(host)) {
      lines.push(
        '',
        `  OPEN TO OTHER MACHINES at ${host}: whoever reaches this port gets test money for nothing and sessions on this`,
        '  computer. Only for a network that you trust. For signed requests from there, start with',
        `  PUBLIC_URL=http://ADDRESS-OF-THIS-MACHINE:${this.ports.gateways[0]} as well.`,
      );
    }
    lines.push('', '  Ctrl-C stops everything; npm start goes on with the same data.', '');
    console.log(lines.join('\n'));
  }

  async savePids() {
    const { server, folder } = this.postgres;
    const postgres = server ? [{ name: 'postgres', pid: server.pid, match: folder }] : [];
    await this.pids.write([...this.children.running, ...postgres]);
  }

  /** The disk may fill up, and children get new process ids. */
  guard() {
    const { run } = this;
    let warned = false;
    setInterval(() => {
      this.savePids().catch((error) => run.say(`stack.json cannot be written: ${error.message}`));
      run.checkDisk().then(
        () => {
          warned = false;
        },
        (error) => {
          if (!warned) run.say(error.message);
          warned = true;
        },
      );
    }, 5_000).unref();
  }

  /** @param {string[]} instances */
  watchBroker(instances) {
    const { run, children } = this;
    const parts = instances.map((name) => ({ name, port: this.ports.others[name] ?? 0 }));
    const watch = new BrokerWatch({
      readiness: () => readinessOf(parts),
      freeBytes: () => freeBytesOf(run.dataDir),
      restart: async () => {
        await children.all.find(({ name }) => name === 'nats')?.restart();
        await this.savePids();
      },
      say: run.say,
    });
    let isLooking = false;
    setInterval(async () => {
      if (isLooking || run.stopping) return;
      isLooking = true;
      await watch.look().catch((error) => run.say(`the streams cannot be watched: ${error.message}`));
      isLooking = false;
    }, 5_000).unref();
  }

  watch() {
    const { run, children } = this;
    rebuildOnChange({
      run,
      children,
      portOf: (name) => this.ports.others[name],
      onRestarted: () => this.savePids(),
    });
  }

  get hasStarted() {
    return this.children.all.length > 0 || this.postgres.server !== undefined;
  }

  /** Ends everything, what was started last first. */
  async stop() {
    if (this.run.stopping) return;
    this.run.stopping = true;
    await this.children.stop();
    await this.postgres.stop();
    if (this.pids.isOurs) await this.pids.remove();
  }
}
