import { readFile } from 'node:fs/promises';
import { generateKeyPair, openCredential } from '@decent-cloud/identity';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import type { FakePlatform } from './fake-platform.ts';
import { InProcessAgents } from './in-process.ts';
import { absent, Scene } from './scene.ts';
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

describe('the life of a machine', () => {
  test('provision, sign in, terminate; the credential opens for the tenant alone and is nowhere in clear', async () => {
    const site = await scene.newSite({ machines: 10 });
    await agents.start(site);
    const wanted = scene.wanted();
    const command = platform.command(site.known, 'provision', wanted);
    await command.send();
    const { payload, causationId } = await scene.provisioned(wanted);
    expect(causationId).toBe(command.commandId);
    expect(scene.kindsOf(wanted)).toEqual(['claimed', 'provisioned']);
    const { sshPort: port, sshUser } = payload.instance;
    expect((await ssh({ port, key: scene.key, user: sshUser }, 'echo it works')).stdout.toString()).toBe(
      'it works\n',
    );
    const [credential] = payload.credentials;
    const opened = openCredential({
      seed: scene.tenant.seed,
      envelope: credential?.envelope ?? '',
      contractId: wanted.contractId,
    });
    expect(JSON.parse(opened)).toMatchObject({ user: 'dc', host: '127.0.0.1', port });
    const journal = await readFile(site.journalPath, 'utf8');
    expect(journal).not.toContain('hostKeyFingerprint');
    await scene.settled(site);

    await scene.terminate(site, wanted);
    await platform.eventOf(wanted.contractId, 'terminated');
    expect((await ssh({ port, key: scene.key }, 'true')).code).toBe(255);
    expect(scene.kindsOf(wanted)).toEqual(['claimed', 'provisioned', 'terminated']);
    await scene.settled(site);
  });

  test('a command that comes twice is answered twice by the same event, and there is one machine', async () => {
    const site = await scene.newSite({ machines: 10 });
    const { backend, logs } = await agents.start(site);
    const wanted = scene.wanted();
    const command = platform.command(site.known, 'provision', wanted);
    await Promise.all([command.send(), command.send()]);
    await scene.provisioned(wanted);
    await command.send();
    await scene.settled(site);
    expect(
      new Set(platform.eventsOf(wanted.contractId, 'provisioned').map(({ eventId }) => eventId)).size,
    ).toBe(1);
    expect(await backend.list()).toHaveLength(1);
    expect(logs.join('')).not.toContain('could not be processed');
  });

  test('terminate while it is being made calls the creation off and leaves nothing', async () => {
    const site = await scene.newSite({ machines: 10 });
    const { backend, logs } = await agents.start(site);
    const release = backend.hold();
    const wanted = scene.wanted();
    await scene.provision(site, wanted);
    await platform.eventOf(wanted.contractId, 'claimed');
    await eventually(() => backend.entered === 1);
    await scene.terminate(site, wanted);
    await eventually(() => logs.some((line) => line.includes('"kind":"terminate"')));
    release();
    await platform.eventOf(wanted.contractId, 'terminated');
    await scene.settled(site);
    expect(scene.kindsOf(wanted)).toEqual(['claimed', 'terminated']);
    expect(await backend.list()).toEqual([]);
  });

  test('heartbeats and terminations do not wait for creations that take long', async () => {
    const site = await scene.newSite({ machines: 10 });
    const { backend } = await agents.start(site, { maxParallelProvisions: 1 });
    const first = scene.wanted();
    await scene.provision(site, first);
    await scene.provisioned(first);
    const release = backend.hold();
    const slow = [scene.wanted(), scene.wanted()];
    for (const wanted of slow) await scene.provision(site, wanted);
    await eventually(() => backend.entered === 2);
    const beats = platform.heartbeats.length;
    await scene.terminate(site, first);
    await platform.eventOf(first.contractId, 'terminated');
    await eventually(() => platform.heartbeats.length > beats + 1);
    expect(backend.entered).toBe(2);
    expect(platform.heartbeats.at(-1)).toMatchObject({ provisionerTypes: ['local'] });
    release();
    for (const wanted of slow) await scene.provisioned(wanted);
  });

  test('a command after its deadline, without a usable key or place is answered by a failure of its class', async () => {
    const site = await scene.newSite({ machines: 10 });
    const { backend } = await agents.start(site);
    const cases = [
      { wanted: scene.wanted({ deadlineNs: '1' }), payload: { class: 'transient', code: 'deadline' } },
      {
        wanted: scene.wanted({ spec: { offeringId: 'o', sshPublicKeys: ['ssh-rsa nothing'] } }),
        payload: { class: 'config', code: 'SSH_KEY_UNUSABLE' },
      },
      {
        wanted: scene.wanted({ encryptionPublicKeys: [`01${'00'.repeat(31)}`] }),
        payload: { class: 'config', code: 'ENCRYPTION_FAILED', resourcesLeft: [] },
      },
    ];
    for (const { wanted, payload } of cases) {
      await scene.provision(site, wanted);
      expect(await platform.eventOf(wanted.contractId, 'failed')).toMatchObject({ payload });
    }
    expect(await backend.list()).toEqual([]);
    await scene.settled(site);
  });
});

describe('whom it obeys', () => {
  test('forged and misdirected commands are refused loudly and change nothing', async () => {
    const site = await scene.newSite({ machines: 10 });
    const { backend, logs } = await agents.start(site);
    const kept = scene.wanted();
    await scene.provision(site, kept);
    await scene.provisioned(kept);
    const [seed, elsewhere] = [generateKeyPair().seed, 'ab'.repeat(32)];
    const genuine = platform.command(site.known, 'terminate', absent(kept)).text;
    const forged = scene.wanted();
    await platform.command(site.known, 'provision', forged, { seed }).send();
    await platform.command(site.known, 'terminate', absent(kept), { seed }).send();
    await platform.command(site.known, 'terminate', absent(kept), { agentPublicKey: elsewhere }).send();
    await platform.send(site.known.agent, 'terminate', genuine.replace('"generation":1', '"generation":2'));
    await platform.send(site.known.agent, 'terminate', 'not even JSON');
    await scene.settled(site);
    expect(logs.filter((line) => line.includes('COMMAND REFUSED'))).toHaveLength(5);
    expect((await backend.list()).map(({ marks }) => marks?.contractId)).toEqual([kept.contractId]);
    expect(platform.eventsOf(forged.contractId)).toEqual([]);
  });

  test('a platform with another key than the pinned one is connected to and not obeyed', async () => {
    const site = await scene.newSite({ machines: 10 });
    const { logs } = await agents.start(site, { platformPublicKey: generateKeyPair().publicKeyHex });
    const wanted = scene.wanted();
    await scene.provision(site, wanted);
    await scene.settled(site);
    expect(logs.join('')).toContain('THE PLATFORM NAMES ANOTHER KEY');
    expect(platform.eventsOf(wanted.contractId)).toEqual([]);
  });

  test('commands of an old generation destroy nothing; the newest one does', async () => {
    const site = await scene.newSite({ machines: 10 });
    const { backend } = await agents.start(site);
    const wanted = scene.wanted({ generation: 3 });
    await scene.provision(site, wanted);
    await scene.provisioned(wanted);
    await scene.terminate(site, wanted, { generation: 2 });
    await scene.settled(site);
    expect(await backend.find(wanted.contractId)).toMatchObject({ power: 'running' });
    await scene.terminate(site, wanted, { generation: 4 });
    expect(await platform.eventOf(wanted.contractId, 'terminated')).toMatchObject({ generation: 4 });
    expect(await backend.list()).toEqual([]);
  });
});

describe('reconciling', () => {
  test('the snapshot alone makes and removes machines, and what it does not name is left alone', async () => {
    const site = await scene.newSite({ machines: 10 });
    const [made, gone, unknown] = [scene.wanted(), scene.wanted(), scene.wanted()];
    const marked = [gone, unknown].map(({ contractId, generation }) => ({
      contractId,
      generation,
      ...site.own,
    }));
    await site.place(scene.key.publicKey, ...marked);
    site.known.desired = [made, absent(gone)];
    const { backend } = await agents.start(site);
    await scene.provisioned(made);
    await platform.eventOf(gone.contractId, 'terminated');
    expect((await backend.list()).map(({ marks }) => marks?.contractId).sort()).toEqual(
      [made.contractId, unknown.contractId].sort(),
    );
    const observed = await eventually(() => scene.lastObserved(site));
    expect(observed).toContainEqual(expect.objectContaining({ contractId: unknown.contractId }));
  });

  test('resync tells what is there and says the results again', async () => {
    const site = await scene.newSite({ machines: 10 });
    await agents.start(site);
    const wanted = scene.wanted();
    site.known.desired = [wanted];
    await scene.provision(site, wanted);
    await scene.provisioned(wanted);
    const asked = site.known.snapshots;
    await platform.command(site.known, 'resync').send();
    await scene.settled(site);
    expect(site.known.snapshots).toBeGreaterThan(asked);
    expect(
      new Set(platform.eventsOf(wanted.contractId, 'provisioned').map(({ eventId }) => eventId)).size,
    ).toBe(1);
  });
});
