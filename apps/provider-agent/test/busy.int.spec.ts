import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DesiredMachine } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import type { Agent } from '../src/agent/agent.ts';
import type { ProvisionedMachine, ProvisionOptions } from '../src/backends/backend.ts';
import { LocalBackend } from '../src/backends/local/local-backend.ts';
import type { FoundMachine } from '../src/domain/machine.ts';
import { FakePlatform, nowNs } from './fake-platform.ts';
import { startInProcess } from './in-process.ts';
import { FIRST_PORT } from './ports.ts';
import { AgentSite } from './program.ts';
import { newSshKey, type SshKey } from './ssh.ts';

jest.setTimeout(90_000);

const AT_ONCE = 3;
const BEATS = 4;

let folder: string;
let platform: FakePlatform;
let key: SshKey;
let nextPort = FIRST_PORT;
let agent: Agent | undefined;

/** Creations that take as long as the spec likes, and that can be called off. */
class SlowBackend extends LocalBackend {
  readonly begun: string[] = [];
  readonly ended: string[] = [];
  private release: () => void = () => undefined;
  private readonly released = new Promise<void>((resolve) => {
    this.release = resolve;
  });
  /** Questions about what is there get no answer. */
  isSilent = false;

  override async provision(options: ProvisionOptions): Promise<ProvisionedMachine> {
    const { contractId } = options.marks;
    this.begun.push(contractId);
    const calledOff = new Promise<never>((_, reject) => {
      options.signal.addEventListener('abort', () => reject(options.signal.reason), { once: true });
    });
    await Promise.race([this.released, calledOff]);
    const made = await super.provision(options);
    this.ended.push(contractId);
    return made;
  }

  override list(): Promise<FoundMachine[]> {
    return this.isSilent ? new Promise(() => undefined) : super.list();
  }

  finishAll(): void {
    this.release();
  }
}

async function newSite(): Promise<[AgentSite, SlowBackend]> {
  nextPort += 10;
  const site = new AgentSite(await platform.newAgent(), await mkdtemp(join(folder, 's-')), nextPort, 10);
  await site.writeConfig(platform.url);
  const backend = new SlowBackend({
    folder: join(site.dataDir, 'machines'),
    portRangeStart: nextPort,
    portRangeEnd: nextPort + 9,
    maxMachines: 10,
    onFault: (error) => {
      throw error;
    },
  });
  return [site, backend];
}

const wanted = (): DesiredMachine => ({
  contractId: randomBytes(32).toString('hex'),
  generation: 1,
  desired: 'running',
  deadlineNs: (nowNs() + 600_000_000_000n).toString(),
  spec: { offeringId: 'small', sshPublicKeys: [key.publicKey] },
  encryptionPublicKeys: [],
});
const beatsOf = ({ known }: AgentSite) =>
  platform.heartbeats.filter(({ agentPublicKey }) => agentPublicKey === known.agent.publicKeyHex);
const cancel = (site: AgentSite, machine: DesiredMachine) =>
  platform.command(site.known, 'terminate', { ...machine, desired: 'absent' }).send();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dc-busy-'));
  key = await newSshKey(folder, 'tenant');
  platform = await FakePlatform.start();
});
afterEach(async () => {
  await agent?.stop();
  agent = undefined;
});
afterAll(async () => {
  await platform?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('while creations hang, heartbeats go on, and a waiting and a running one are cancelled before any ends', async () => {
  const [site, backend] = await newSite();
  agent = await startInProcess(platform, site, backend, { maxParallelProvisions: AT_ONCE });
  const commands = [wanted(), wanted(), wanted(), wanted(), wanted()];
  for (const machine of commands) await platform.command(site.known, 'provision', machine).send();
  await eventually(() => backend.begun.length === AT_ONCE);
  await eventually(async () => (await platform.deliveries(site.known)) === commands.length);
  const beats = beatsOf(site).length;
  await eventually(() => beatsOf(site).length >= beats + BEATS, { deadlineMs: 30_000, what: 'beats' });

  const waiting = commands.find(({ contractId }) => !backend.begun.includes(contractId)) as DesiredMachine;
  await cancel(site, waiting);
  await platform.eventOf(waiting.contractId, 'terminated');
  expect(backend.begun).toHaveLength(AT_ONCE);

  const running = commands.find(({ contractId }) => backend.begun.includes(contractId)) as DesiredMachine;
  await cancel(site, running);
  await platform.eventOf(running.contractId, 'terminated');
  // Its place goes to the one that still waited.
  await eventually(() => backend.begun.length === AT_ONCE + 1);
  expect(backend.ended).toEqual([]);
  expect(await site.there()).toEqual([]);

  backend.finishAll();
  const left = commands.filter((machine) => machine !== waiting && machine !== running);
  for (const { contractId } of left) await platform.eventOf(contractId, 'provisioned');
  await eventually(async () => (await platform.unsettled(site.known)) === 0);
  expect(await site.there()).toHaveLength(left.length);
  for (const { contractId } of [waiting, running]) {
    expect(platform.eventsOf(contractId, 'provisioned')).toEqual([]);
  }
});

test('a backend that does not say what is there delays no heartbeat: it has no place, that is all', async () => {
  const [site, backend] = await newSite();
  agent = await startInProcess(platform, site, backend);
  await eventually(() => beatsOf(site).at(-1)?.freeSlots === 10);
  backend.isSilent = true;
  await eventually(() => beatsOf(site).at(-1)?.freeSlots === 0, {
    deadlineMs: 20_000,
    what: 'a beat without places',
  });
  const beats = beatsOf(site).length;
  await eventually(() => beatsOf(site).length >= beats + BEATS, { deadlineMs: 30_000, what: 'beats' });
  backend.isSilent = false;
});
