import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient } from '@decent-cloud/client';
import { createSigner, generateKeyPair, keyPairFromSeed, openCredential } from '@decent-cloud/identity';
import type { DesiredMachine } from '@decent-cloud/messages';
import { eventually, GuardedProcess } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { Agent } from '../src/agent/agent.ts';
import type { Backend, ProvisionedMachine, ProvisionOptions } from '../src/backends/backend.ts';
import { LocalBackend } from '../src/backends/local/local-backend.ts';
import { Journal } from '../src/journal/journal.ts';
import { createLogger } from '../src/log.ts';
import { type FakeAgent, FakePlatform, nowNs } from './fake-platform.ts';
import { FIRST_PORT } from './ports.ts';
import { newSshKey, type SshKey, ssh } from './ssh.ts';

jest.setTimeout(60_000);

let folder: string;
let platform: FakePlatform;
let key: SshKey;
const tenant = generateKeyPair();
const running: Agent[] = [];
let nextPort = FIRST_PORT;

class HeldBackend extends LocalBackend {
  held: Promise<void> | undefined;
  entered = 0;
  override async provision(options: ProvisionOptions): Promise<ProvisionedMachine> {
    this.entered++;
    await this.held;
    return super.provision(options);
  }
}

interface Site {
  readonly known: FakeAgent;
  readonly dataDir: string;
  readonly ports: number;
  readonly logs: string[];
}

async function newSite(ackWaitSeconds?: number): Promise<Site> {
  const known = await platform.newAgent(ackWaitSeconds);
  nextPort += 10;
  return { known, dataDir: await mkdtemp(join(folder, 'site-')), ports: nextPort, logs: [] };
}

function backendOf(site: Site): HeldBackend {
  return new HeldBackend({
    folder: join(site.dataDir, 'machines'),
    portRangeStart: site.ports,
    portRangeEnd: site.ports + 9,
    maxMachines: 5,
    onFault: (error) => void site.logs.push(String(error)),
  });
}

async function startAgent(
  site: Site,
  options: { backend?: Backend; platformPublicKey?: string; maxParallelProvisions?: number } = {},
): Promise<Agent> {
  const keys = keyPairFromSeed(site.known.agent.rawSeed);
  const agent = await Agent.start({
    keys,
    client: createClient({ baseUrl: platform.url, signer: createSigner(keys, { agent: true }) }),
    backend: options.backend ?? backendOf(site),
    logger: createLogger('json', 'debug', { write: (line) => void site.logs.push(line) }),
    environment: 'test',
    dataDir: site.dataDir,
    journalPath: join(site.dataDir, 'journal.db'),
    maxParallelProvisions: options.maxParallelProvisions ?? 2,
    platformPublicKey: options.platformPublicKey,
    natsUrls: [],
    onFatal: (error) => void site.logs.push(`FATAL ${error}`),
  });
  running.push(agent);
  return agent;
}

const machine = (over: Partial<DesiredMachine> = {}): DesiredMachine => ({
  contractId: randomBytes(32).toString('hex'),
  generation: 1,
  desired: 'running',
  deadlineNs: (nowNs() + 600_000_000_000n).toString(),
  spec: { offeringId: 'small', sshPublicKeys: [key.publicKey] },
  encryptionPublicKeys: [tenant.publicKeyHex],
  ...over,
});
const absent = (wanted: DesiredMachine, over: Partial<DesiredMachine> = {}): DesiredMachine => ({
  ...wanted,
  desired: 'absent',
  ...over,
});
const provisionedOf = async (contractId: string) => {
  const event = await platform.eventOf(contractId, 'provisioned');
  if (event.kind !== 'provisioned') throw new Error(event.kind);
  return event;
};
const kindsOf = (contractId: string) => platform.eventsOf(contractId).map(({ kind }) => kind);
const settled = (site: Site) => eventually(async () => (await platform.unsettled(site.known)) === 0);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dc-agent-'));
  key = await newSshKey(folder, 'tenant');
  platform = await FakePlatform.start();
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((agent) => agent.stop()));
});

afterAll(async () => {
  await platform?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('the life of a machine', () => {
  test('provision, sign in, terminate; the credential opens for the tenant alone and is nowhere in clear', async () => {
    const site = await newSite();
    await startAgent(site);
    const wanted = machine();
    const order = platform.command(site.known, 'provision', wanted);
    await order.send();
    const { payload, causationId } = await provisionedOf(wanted.contractId);
    expect(causationId).toBe(order.commandId);
    expect(kindsOf(wanted.contractId)).toEqual(['claimed', 'provisioned']);
    const { sshPort: port, sshUser } = payload.instance;
    expect((await ssh({ port, key, user: sshUser }, 'echo it works')).stdout.toString()).toBe('it works\n');
    const [credential] = payload.credentials;
    const opened = openCredential({
      seed: tenant.seed,
      envelope: credential?.envelope ?? '',
      contractId: wanted.contractId,
    });
    expect(JSON.parse(opened)).toMatchObject({ user: 'dc', host: '127.0.0.1', port });
    const journal = await readFile(join(site.dataDir, 'journal.db'), 'utf8');
    expect(journal).not.toContain('hostKeyFingerprint');
    await settled(site);

    await platform.command(site.known, 'terminate', absent(wanted)).send();
    await platform.eventOf(wanted.contractId, 'terminated');
    expect((await ssh({ port, key }, 'true')).code).toBe(255);
    expect(kindsOf(wanted.contractId)).toEqual(['claimed', 'provisioned', 'terminated']);
    await settled(site);
  });

  test('a command that comes twice is answered twice by the same event, and there is one machine', async () => {
    const site = await newSite();
    const backend = backendOf(site);
    await startAgent(site, { backend });
    const wanted = machine();
    const order = platform.command(site.known, 'provision', wanted);
    await Promise.all([order.send(), order.send()]);
    await provisionedOf(wanted.contractId);
    await order.send();
    await settled(site);
    expect(
      new Set(platform.eventsOf(wanted.contractId, 'provisioned').map(({ eventId }) => eventId)).size,
    ).toBe(1);
    expect(await backend.list()).toHaveLength(1);
    expect(site.logs.join('')).not.toContain('could not be processed');
  });

  test('terminate while it is being made calls the creation off and leaves nothing', async () => {
    const site = await newSite();
    const backend = backendOf(site);
    let release: () => void = () => undefined;
    backend.held = new Promise((resolve) => {
      release = resolve;
    });
    await startAgent(site, { backend });
    const wanted = machine();
    await platform.command(site.known, 'provision', wanted).send();
    await platform.eventOf(wanted.contractId, 'claimed');
    await eventually(() => backend.entered === 1);
    await platform.command(site.known, 'terminate', absent(wanted)).send();
    await eventually(() => site.logs.some((line) => line.includes('"kind":"terminate"')));
    release();
    await platform.eventOf(wanted.contractId, 'terminated');
    await settled(site);
    expect(kindsOf(wanted.contractId)).toEqual(['claimed', 'terminated']);
    expect(await backend.list()).toEqual([]);
  });

  test('heartbeats and terminations do not wait for creations that take long', async () => {
    const site = await newSite();
    const backend = backendOf(site);
    await startAgent(site, { backend, maxParallelProvisions: 1 });
    const first = machine();
    await platform.command(site.known, 'provision', first).send();
    await provisionedOf(first.contractId);
    let release: () => void = () => undefined;
    backend.held = new Promise((resolve) => {
      release = resolve;
    });
    const slow = [machine(), machine()];
    for (const wanted of slow) await platform.command(site.known, 'provision', wanted).send();
    await eventually(() => backend.entered === 2);
    const beats = platform.heartbeats.length;
    await platform.command(site.known, 'terminate', absent(first)).send();
    await platform.eventOf(first.contractId, 'terminated');
    await eventually(() => platform.heartbeats.length > beats + 1);
    expect(backend.entered).toBe(2);
    expect(platform.heartbeats.at(-1)).toMatchObject({ provisionerTypes: ['local'] });
    release();
    for (const wanted of slow) await provisionedOf(wanted.contractId);
  });

  test('a command after its deadline, without a usable key or place is answered by a failure of its class', async () => {
    const site = await newSite();
    const backend = backendOf(site);
    await startAgent(site, { backend });
    const cases = [
      { wanted: machine({ deadlineNs: '1' }), payload: { class: 'transient', code: 'deadline' } },
      {
        wanted: machine({ spec: { offeringId: 'o', sshPublicKeys: ['ssh-rsa nothing'] } }),
        payload: { class: 'config', code: 'SSH_KEY_UNUSABLE' },
      },
      {
        wanted: machine({ encryptionPublicKeys: [`01${'00'.repeat(31)}`] }),
        payload: { class: 'config', code: 'ENCRYPTION_FAILED', resourcesLeft: [] },
      },
    ];
    for (const { wanted, payload } of cases) {
      await platform.command(site.known, 'provision', wanted).send();
      expect(await platform.eventOf(wanted.contractId, 'failed')).toMatchObject({ payload });
    }
    expect(await backend.list()).toEqual([]);
    await settled(site);
  });
});

describe('whom it obeys', () => {
  test('forged and misdirected commands are refused loudly and change nothing', async () => {
    const site = await newSite();
    const backend = backendOf(site);
    await startAgent(site, { backend });
    const kept = machine();
    await platform.command(site.known, 'provision', kept).send();
    await provisionedOf(kept.contractId);
    const [seed, elsewhere] = [generateKeyPair().seed, 'ab'.repeat(32)];
    const genuine = platform.command(site.known, 'terminate', absent(kept)).text;
    const forged = machine();
    await platform.command(site.known, 'provision', forged, { seed }).send();
    await platform.command(site.known, 'terminate', absent(kept), { seed }).send();
    await platform.command(site.known, 'terminate', absent(kept), { agentPublicKey: elsewhere }).send();
    await platform.send(site.known.agent, 'terminate', genuine.replace('"generation":1', '"generation":2'));
    await platform.send(site.known.agent, 'terminate', 'not even JSON');
    await settled(site);
    expect(site.logs.filter((line) => line.includes('COMMAND REFUSED'))).toHaveLength(5);
    expect((await backend.list()).map(({ marks }) => marks?.contractId)).toEqual([kept.contractId]);
    expect(platform.eventsOf(forged.contractId)).toEqual([]);
  });

  test('a platform with another key than the pinned one is connected to and not obeyed', async () => {
    const site = await newSite();
    await startAgent(site, { platformPublicKey: generateKeyPair().publicKeyHex });
    const wanted = machine();
    await platform.command(site.known, 'provision', wanted).send();
    await settled(site);
    expect(site.logs.join('')).toContain('THE PLATFORM NAMES ANOTHER KEY');
    expect(platform.eventsOf(wanted.contractId)).toEqual([]);
  });

  test('commands of an old generation destroy nothing; the newest one does', async () => {
    const site = await newSite();
    const backend = backendOf(site);
    await startAgent(site, { backend });
    const wanted = machine({ generation: 3 });
    await platform.command(site.known, 'provision', wanted).send();
    await provisionedOf(wanted.contractId);
    await platform.command(site.known, 'terminate', absent(wanted, { generation: 2 })).send();
    await settled(site);
    expect(await backend.find(wanted.contractId)).toMatchObject({ power: 'running' });
    await platform.command(site.known, 'terminate', absent(wanted, { generation: 4 })).send();
    expect(await platform.eventOf(wanted.contractId, 'terminated')).toMatchObject({ generation: 4 });
    expect(await backend.list()).toEqual([]);
  });
});

describe('reconciling', () => {
  test('the snapshot alone makes and removes machines, and what it does not name is left alone', async () => {
    const site = await newSite();
    const backend = backendOf(site);
    const [made, gone, unknown] = [machine(), machine(), machine()];
    const own = { environment: 'test', agent: site.known.agent.publicKeyHex.slice(0, 16), generation: 1 };
    await backend.start();
    for (const { contractId, spec } of [gone, unknown]) {
      await backend.provision({
        spec: spec as NonNullable<DesiredMachine['spec']>,
        marks: { ...own, contractId },
        signal: new AbortController().signal,
        onStep: () => undefined,
      });
    }
    site.known.desired = [made, absent(gone)];
    await startAgent(site, { backend });
    await provisionedOf(made.contractId);
    await platform.eventOf(gone.contractId, 'terminated');
    expect((await backend.list()).map(({ marks }) => marks?.contractId).sort()).toEqual(
      [made.contractId, unknown.contractId].sort(),
    );
    const observed = await eventually(() =>
      platform.events
        .map(({ event }) => event)
        .find((event) => event.kind === 'observed' && event.agentPublicKey === site.known.agent.publicKeyHex),
    );
    expect(observed).toMatchObject({
      payload: {
        machines: expect.arrayContaining([expect.objectContaining({ contractId: unknown.contractId })]),
      },
    });
  });

  test('resync tells what is there and says the results again', async () => {
    const site = await newSite();
    await startAgent(site);
    const wanted = machine();
    site.known.desired = [wanted];
    await platform.command(site.known, 'provision', wanted).send();
    await provisionedOf(wanted.contractId);
    const asked = site.known.snapshots;
    await platform.command(site.known, 'resync').send();
    await settled(site);
    expect(site.known.snapshots).toBeGreaterThan(asked);
    expect(
      new Set(platform.eventsOf(wanted.contractId, 'provisioned').map(({ eventId }) => eventId)).size,
    ).toBe(1);
  });

  test('while the platform is away, a machine whose time is over is stopped and kept', async () => {
    const site = await newSite();
    const backend = backendOf(site);
    // When it ends and is not renewed, the broker is away as well.
    site.known.jwtLifeSeconds = 5;
    await startAgent(site, { backend });
    const wanted = machine({ endsAtNs: (nowNs() + 6_000_000_000n).toString() });
    await platform.command(site.known, 'provision', wanted).send();
    const { payload } = await provisionedOf(wanted.contractId);
    platform.refuses = true;
    try {
      await eventually(async () => (await backend.find(wanted.contractId))?.power === 'stopped', {
        deadlineMs: 30_000,
      });
      expect((await ssh({ port: payload.instance.sshPort, key }, 'true')).code).toBe(255);
    } finally {
      platform.refuses = false;
    }
    site.known.desired = [{ ...wanted, endsAtNs: (nowNs() + 600_000_000_000n).toString() }];
    await eventually(async () => (await backend.find(wanted.contractId))?.power === 'running', {
      deadlineMs: 20_000,
    });
    expect((await ssh({ port: payload.instance.sshPort, key }, 'true')).code).toBe(0);
  });
});

describe('the connection', () => {
  test('the JWT is renewed before it ends, and no command is lost on the way', async () => {
    const site = await newSite();
    site.known.jwtLifeSeconds = 12;
    await startAgent(site);
    const sent: string[] = [];
    while (site.known.sessions < 4) {
      const { contractId } = machine();
      sent.push(contractId);
      await platform.command(site.known, 'terminate', absent(machine({ contractId }))).send();
      await platform.eventOf(contractId, 'terminated', 10_000);
    }
    await settled(site);
    expect(await platform.deliveries(site.known)).toBe(sent.length);
    expect(site.logs.join('')).not.toContain('connection to the broker lost');
    expect(sent.map((contractId) => kindsOf(contractId))).toEqual(sent.map(() => ['terminated']));
  }, 90_000);

  test('where plain NATS does not get through, WebSocket does', async () => {
    const site = await newSite();
    platform.natsUrls = ['nats://127.0.0.1:1'];
    try {
      await startAgent(site);
      const wanted = machine();
      await platform.command(site.known, 'provision', wanted).send();
      await provisionedOf(wanted.contractId);
    } finally {
      platform.natsUrls = undefined;
    }
  });

  test('a revoked agent asks on, and works again when it is let in', async () => {
    const site = await newSite();
    platform.refuses = true;
    try {
      await startAgent(site);
      await eventually(() => site.logs.some((line) => line.includes('refuses this agent')));
    } finally {
      platform.refuses = false;
    }
    await eventually(() => site.known.sessions > 0, { deadlineMs: 20_000 });
  });

  test('a second agent with the same journal is refused', async () => {
    const site = await newSite();
    await startAgent(site);
    await expect(startAgent(site)).rejects.toThrow('runs already');
  });
});

describe('killed in the middle', () => {
  const program = fileURLToPath(new URL('./agent-process.ts', import.meta.url));

  async function writeSite(site: Site): Promise<string> {
    const file = join(site.dataDir, 'dc-agent.toml');
    const seed = Buffer.from(site.known.agent.rawSeed).toString('hex');
    await writeFile(
      file,
      `[api]\nendpoint = "${platform.url}"\nprovider_pubkey = "${'ab'.repeat(32)}"\nagent_secret_key = "${seed}"\n` +
        `[agent]\ndata_dir = "."\nenvironment = "test"\n[provisioner]\ntype = "local"\n[provisioner.local]\n` +
        `port_range_start = ${site.ports}\nport_range_end = ${site.ports + 9}\n`,
      { mode: 0o600 },
    );
    return file;
  }

  function startProcess(site: Site, config: string, pauseAt?: string): GuardedProcess {
    const { PATH = '', HOME = '' } = process.env;
    return GuardedProcess.start({
      command: process.execPath,
      args: [
        '--conditions=source',
        '--experimental-transform-types',
        '--no-warnings',
        program,
        config,
        join(site.dataDir, 'pause'),
      ],
      env: { PATH, HOME, ...(pauseAt && { PAUSE_AT: pauseAt }), DC_AGENT_LOG: 'debug' },
      onLine: (line) => site.logs.push(line),
    });
  }

  test.each(['before', 'after'])(
    'kill -9 %s the machine is made: one machine, and its event arrives',
    async (at) => {
      const site = await newSite(2);
      const config = await writeSite(site);
      await writeFile(join(site.dataDir, 'pause'), '');
      const first = startProcess(site, config, at);
      const wanted = machine();
      site.known.desired = [wanted];
      await platform.command(site.known, 'provision', wanted).send();
      try {
        await eventually(() => site.logs.includes('paused'), { deadlineMs: 30_000 });
        await platform.eventOf(wanted.contractId, 'claimed');
        await first.end('SIGKILL');
        expect(kindsOf(wanted.contractId)).not.toContain('provisioned');
      } catch (error) {
        throw new Error(site.logs.join('\n'), { cause: error });
      } finally {
        await first.end('SIGKILL');
      }
      const second = startProcess(site, config);
      try {
        const { payload } = await provisionedOf(wanted.contractId);
        expect((await ssh({ port: payload.instance.sshPort, key }, 'true')).code).toBe(0);
        await eventually(async () => (await platform.unsettled(site.known)) === 0, { deadlineMs: 20_000 });
        const made = await backendOf(site).list();
        expect(made.map(({ marks }) => marks?.contractId)).toEqual([wanted.contractId]);
      } catch (error) {
        throw new Error(site.logs.join('\n'), { cause: error });
      } finally {
        await second.end('SIGTERM');
      }
      const journal = await Journal.open(join(site.dataDir, 'journal.db'), nowNs);
      expect(journal.state.pending()).toEqual([]);
      expect(journal.state.machines.get(wanted.contractId)).toMatchObject({
        phase: 'running',
        generation: 1,
      });
      await journal.close();
    },
  );

  test('a command to destroy that was being carried out goes on without the platform', async () => {
    const site = await newSite();
    const backend = backendOf(site);
    const agent = await startAgent(site, { backend });
    const wanted = machine();
    await platform.command(site.known, 'provision', wanted).send();
    await provisionedOf(wanted.contractId);
    await agent.stop();
    const journal = await Journal.open(join(site.dataDir, 'journal.db'), nowNs);
    const record = journal.state.machines.get(wanted.contractId);
    if (!record) throw new Error('no record');
    await journal.write([{ t: 'machine', record: { ...record, phase: 'removing' } }]);
    await journal.close();
    platform.refuses = true;
    try {
      await startAgent(site, { backend });
      await eventually(async () => (await backend.list()).length === 0);
    } finally {
      platform.refuses = false;
    }
    expect(await platform.eventOf(wanted.contractId, 'terminated')).toMatchObject({ generation: 1 });
  });
});

// The last one: connections of the specs do not outlive the broker.
test('events of a time without a broker arrive after its return, each once', async () => {
  const site = await newSite();
  const backend = backendOf(site);
  let release: () => void = () => undefined;
  backend.held = new Promise((resolve) => {
    release = resolve;
  });
  await startAgent(site, { backend });
  const wanted = machine();
  await platform.command(site.known, 'provision', wanted).send();
  await eventually(() => backend.entered === 1);
  await platform.hub.nats.kill('SIGKILL');
  release();
  await eventually(async () => {
    const text = await readFile(join(site.dataDir, 'journal.db'), 'utf8');
    return text.includes('"kind":"provisioned"');
  });
  await platform.hub.nats.startAgain();
  await platform.attach();
  const event = await provisionedOf(wanted.contractId);
  const next = machine();
  await platform.command(site.known, 'provision', next).send();
  await provisionedOf(next.contractId);
  await eventually(async () => (await platform.unsettled(site.known)) === 0, { deadlineMs: 50_000 });
  expect(new Set(platform.eventsOf(wanted.contractId, 'provisioned').map(({ eventId }) => eventId))).toEqual(
    new Set([event.eventId]),
  );
});
