import { readFile } from 'node:fs/promises';
import type { DesiredMachine } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { type FakePlatform, nowNs } from './fake-platform.ts';
import { InProcessAgents } from './in-process.ts';
import { LONG_NS, Scene } from './scene.ts';
import { ssh } from './ssh.ts';

jest.setTimeout(60_000);

let scene: Scene;
let platform: FakePlatform;
const agents = new InProcessAgents(() => platform);

beforeAll(async () => {
  scene = await Scene.begin();
  platform = scene.platform;
});
afterEach(() => agents.stop());
afterAll(() => scene?.end());

test('the JWT is renewed before it ends, and no command is lost on the way', async () => {
  const site = await scene.newSite({ machines: 10 });
  site.known.jwtLifeSeconds = 12;
  const { logs } = await agents.start(site);
  const sent: DesiredMachine[] = [];
  while (site.known.sessions < 4) {
    const wanted = scene.wanted();
    sent.push(wanted);
    await scene.terminate(site, wanted);
    await platform.eventOf(wanted.contractId, 'terminated', 10_000);
  }
  await scene.settled(site);
  expect(await platform.deliveries(site.known)).toBe(sent.length);
  expect(logs.join('')).not.toContain('connection to the broker lost');
  expect(sent.map((wanted) => scene.kindsOf(wanted))).toEqual(sent.map(() => ['terminated']));
}, 90_000);

test('where plain NATS does not get through, WebSocket does', async () => {
  const site = await scene.newSite({ machines: 10 });
  platform.natsUrls = ['nats://127.0.0.1:1'];
  try {
    await agents.start(site);
    const wanted = scene.wanted();
    await scene.provision(site, wanted);
    await scene.provisioned(wanted);
  } finally {
    platform.natsUrls = undefined;
  }
});

test('a revoked agent asks on, and works again when it is let in', async () => {
  const site = await scene.newSite({ machines: 10 });
  platform.refuses = true;
  try {
    const { logs } = await agents.start(site);
    await eventually(() => logs.some((line) => line.includes('refuses this agent')));
  } finally {
    platform.refuses = false;
  }
  await eventually(() => site.known.sessions > 0, { deadlineMs: 20_000 });
});

test('a second agent with the same journal is refused', async () => {
  const site = await scene.newSite({ machines: 10 });
  await agents.start(site);
  await expect(agents.start(site)).rejects.toThrow('runs already');
});

test('while the platform is away, a machine whose time is over is stopped and kept', async () => {
  const site = await scene.newSite({ machines: 10 });
  // When it ends and is not renewed, the broker is away as well.
  site.known.jwtLifeSeconds = 5;
  const { backend } = await agents.start(site);
  const wanted = scene.wanted({ endsAtNs: (nowNs() + 6_000_000_000n).toString() });
  await scene.provision(site, wanted);
  const { payload } = await scene.provisioned(wanted);
  platform.refuses = true;
  try {
    await eventually(async () => (await backend.find(wanted.contractId))?.power === 'stopped', {
      deadlineMs: 30_000,
    });
    expect((await ssh({ port: payload.instance.sshPort, key: scene.key }, 'true')).code).toBe(255);
  } finally {
    platform.refuses = false;
  }
  site.known.desired = [{ ...wanted, endsAtNs: (nowNs() + LONG_NS).toString() }];
  await eventually(async () => (await backend.find(wanted.contractId))?.power === 'running', {
    deadlineMs: 20_000,
  });
  expect((await ssh({ port: payload.instance.sshPort, key: scene.key }, 'true')).code).toBe(0);
});

// The last one: connections of the specs do not outlive the broker.
test('events of a time without a broker arrive after its return, each once', async () => {
  const site = await scene.newSite({ machines: 10 });
  const { backend } = await agents.start(site);
  const release = backend.hold();
  const wanted = scene.wanted();
  await scene.provision(site, wanted);
  await eventually(() => backend.entered === 1);
  await platform.hub.nats.kill('SIGKILL');
  release();
  await eventually(async () => {
    const text = await readFile(site.journalPath, 'utf8');
    return text.includes('"kind":"provisioned"');
  });
  await platform.hub.nats.startAgain();
  await platform.attach();
  const event = await scene.provisioned(wanted);
  const next = scene.wanted();
  await scene.provision(site, next);
  await scene.provisioned(next);
  await eventually(async () => (await platform.unsettled(site.known)) === 0, { deadlineMs: 50_000 });
  expect(new Set(platform.eventsOf(wanted.contractId, 'provisioned').map(({ eventId }) => eventId))).toEqual(
    new Set([event.eventId]),
  );
});
