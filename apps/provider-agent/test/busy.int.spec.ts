import type { DesiredMachine } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import type { Agent } from '../src/agent/agent.ts';
import type { ProvisionedMachine, ProvisionOptions } from '../src/backends/backend.ts';
import { LocalBackend } from '../src/backends/local/local-backend.ts';
import type { FoundMachine } from '../src/domain/machine.ts';
import type { FakePlatform } from './fake-platform.ts';
import { startInProcess } from './in-process.ts';
import type { AgentSite } from './program.ts';
import { Scene } from './scene.ts';

jest.setTimeout(90_000);

const AT_ONCE = 3;
const BEATS = 4;

let scene: Scene;
let platform: FakePlatform;
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
  const site = await scene.newSite({ machines: 10 });
  return [site, new SlowBackend(site.backendOptions)];
}

beforeAll(async () => {
  scene = await Scene.begin();
  platform = scene.platform;
});
afterEach(async () => {
  await agent?.stop();
  agent = undefined;
});
afterAll(() => scene?.end());

test('while creations hang, heartbeats go on, and a waiting and a running one are cancelled before any ends', async () => {
  const [site, backend] = await newSite();
  agent = await startInProcess(platform, site, backend, { maxParallelProvisions: AT_ONCE });
  const commands = Array.from({ length: 5 }, () => scene.wanted());
  await scene.provision(site, ...commands);
  await eventually(() => backend.begun.length === AT_ONCE);
  await eventually(async () => (await platform.deliveries(site.known)) === commands.length);
  const beats = scene.beatsOf(site).length;
  await eventually(() => scene.beatsOf(site).length >= beats + BEATS, { deadlineMs: 30_000, what: 'beats' });

  const waiting = commands.find(({ contractId }) => !backend.begun.includes(contractId)) as DesiredMachine;
  await scene.terminate(site, waiting);
  await platform.eventOf(waiting.contractId, 'terminated');
  expect(backend.begun).toHaveLength(AT_ONCE);

  const running = commands.find(({ contractId }) => backend.begun.includes(contractId)) as DesiredMachine;
  await scene.terminate(site, running);
  await platform.eventOf(running.contractId, 'terminated');
  // Its place goes to the one that still waited.
  await eventually(() => backend.begun.length === AT_ONCE + 1);
  expect(backend.ended).toEqual([]);
  expect(await site.there()).toEqual([]);

  backend.finishAll();
  const left = commands.filter((machine) => machine !== waiting && machine !== running);
  for (const { contractId } of left) await platform.eventOf(contractId, 'provisioned');
  await scene.settled(site);
  expect(await site.there()).toHaveLength(left.length);
  for (const { contractId } of [waiting, running]) {
    expect(platform.eventsOf(contractId, 'provisioned')).toEqual([]);
  }
});

test('a backend that does not say what is there delays no heartbeat: it has no place, that is all', async () => {
  const [site, backend] = await newSite();
  agent = await startInProcess(platform, site, backend);
  await eventually(() => scene.beatsOf(site).at(-1)?.freeSlots === 10);
  backend.isSilent = true;
  await eventually(() => scene.beatsOf(site).at(-1)?.freeSlots === 0, {
    deadlineMs: 20_000,
    what: 'a beat without places',
  });
  const beats = scene.beatsOf(site).length;
  await eventually(() => scene.beatsOf(site).length >= beats + BEATS, { deadlineMs: 30_000, what: 'beats' });
  backend.isSilent = false;
});
