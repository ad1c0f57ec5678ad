import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { innerServiceNames } from '@decent-cloud/messages';
import { freePort, StackProcess } from '@decent-cloud/testing';
import type { Bench } from '../bench.ts';
import { cpuSeconds } from '../load/cpu.ts';

const QUIET_DEADLINE_MS = 20_000;
const QUIET_WINDOW_MS = 500;
/** Of one CPU, all processes together: heartbeats and sweeps go on for ever. */
const QUIET_SHARE = 0.12;

export type Groups = Readonly<Record<'gateway' | 'services' | 'nats' | 'postgres', readonly number[]>>;

/** The whole platform as `npm start` runs it, with data, ports and processes of its own. */
export class Platform {
  private constructor(
    private readonly dataDir: string,
    readonly url: URL,
  ) {}

  static async start(bench: Bench): Promise<Platform> {
    bench.say('starting the platform');
    const folder = await mkdtemp(join(tmpdir(), 'dc-bench-'));
    const dataDir = join(folder, 'data');
    const port = await freePort();
    const stack = new StackProcess({ dataDir, port });
    bench.atEndOfRun(async () => {
      await stack.end();
      await rm(folder, { recursive: true, force: true });
    });
    await stack.ready();
    return new Platform(dataDir, new URL(`http://localhost:${port}`));
  }

  async databaseUrl(service: string): Promise<string> {
    const { databasePasswords } = (await this.read('secrets.json')) as {
      databasePasswords: Record<string, string>;
    };
    const { postgres } = (await this.read('ports.json')) as { postgres: number };
    return `postgresql://${service}:${databasePasswords[service]}@127.0.0.1:${postgres}/${service}`;
  }

  /** Everything that an operation costs; what sends mails and plays the provider's machines is no part of the platform. */
  async groups(): Promise<Groups> {
    const pids = await this.pids();
    const named = (pattern: RegExp): number[] =>
      Object.keys(pids)
        .filter((name) => pattern.test(name))
        .map((name) => pids[name] as number);
    return {
      gateway: named(/^gateway/),
      services: named(new RegExp(`^(${innerServiceNames.join('|')})`)),
      nats: named(/^nats$/),
      postgres: named(/^postgres$/),
    };
  }

  async agentPid(): Promise<number> {
    const pid = (await this.pids())['demo-agent'];
    if (pid === undefined) throw new Error('the agent of the demo does not run');
    return pid;
  }

  /** When the agent of the demo was told to make this contract's machine, Unix ms by its log. */
  async commandAtMs(contractId: string): Promise<number> {
    const text = await readFile(join(this.dataDir, 'logs/demo-agent.log'), 'utf8');
    const line = text.split('\n').find((one) => one.includes(contractId) && /kind\W+provision/.test(one));
    const stamp = line?.match(/\d{4}-\d\d-\d\dT[\d:.]+Z/)?.[0];
    if (stamp === undefined) throw new Error(`the agent has no order for ${contractId}`);
    return Date.parse(stamp);
  }

  /** Until what earlier work has set in motion is done. */
  async quiet(): Promise<void> {
    const pids = Object.values(await this.groups()).flat();
    const until = performance.now() + QUIET_DEADLINE_MS;
    while (performance.now() < until) {
      const before = await cpuSeconds(pids);
      await sleep(QUIET_WINDOW_MS);
      if (((await cpuSeconds(pids)) - before) * 1_000 < QUIET_SHARE * QUIET_WINDOW_MS) return;
    }
  }

  private async pids(): Promise<Record<string, number>> {
    const { children } = (await this.read('stack.json')) as { children: { name: string; pid: number }[] };
    return Object.fromEntries(children.map(({ name, pid }) => [name, pid]));
  }

  private async read(file: string): Promise<unknown> {
    return JSON.parse(await readFile(join(this.dataDir, file), 'utf8'));
  }
}
