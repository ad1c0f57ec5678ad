import { existsSync } from 'node:fs';
import { readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { DesiredMachine } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import type { FakePlatform } from './fake-platform.ts';
import { type AgentSite, jsonOf } from './program.ts';
import { newContractId as contract, Scene } from './scene.ts';
import { ssh } from './ssh.ts';

jest.setTimeout(120_000);

let scene: Scene;
let platform: FakePlatform;

beforeAll(async () => {
  scene = await Scene.begin();
  platform = scene.platform;
});
afterAll(() => scene?.end());

const wanted = (contractId: string, over: Partial<DesiredMachine> = {}) =>
  scene.wanted({ contractId, ...over });
const marked = (site: AgentSite, contractId: string) => ({ contractId, generation: 1, ...site.own });
/** Machines of these contracts, of which the agent does not know. */
const placed = async (site: AgentSite, ...contractIds: readonly string[]) => {
  const marks = contractIds.map((contractId) => marked(site, contractId));
  return (await site.place(scene.key.publicKey, ...marks)) as [string, string, string];
};
const journalOf = (site: AgentSite) =>
  existsSync(site.journalPath) ? readFile(site.journalPath, 'utf8') : Promise.resolve('');

const idsOf = (site: AgentSite) => scene.lastObserved(site)?.map(({ externalId }) => externalId);

describe('orphans without a running agent', () => {
  test('they are listed with what may be done about them, destroyed and adopted; the rest is refused and stays', async () => {
    const site = await scene.newSite();
    const [nobodys, lost, older, others] = [contract(), contract(), contract(), contract()];
    const [idNobodys, idLost, idOlder] = await placed(site, nobodys, lost, older);
    const foreign = { ...marked(site, others), agent: 'f'.repeat(16) };
    const [idOthers = ''] = await site.place(scene.key.publicKey, foreign);
    site.known.desired = [wanted(lost), wanted(older, { generation: 2 })];

    const list = jsonOf(await site.run('orphans', 'list', '--json'));
    const verdicts = Object.fromEntries(
      list.orphans.map((one: { externalId: string }) => [one.externalId, one]),
    );
    expect(verdicts).toMatchObject({
      [idNobodys]: { kind: 'unwanted', whyNotAdopt: expect.stringContaining('knows no contract') },
      [idLost]: { kind: 'not-in-journal', whyNotDestroy: expect.stringContaining('running') },
      [idOlder]: {
        kind: 'not-in-journal',
        whyNotAdopt: expect.stringContaining('generation 2'),
        whyNotDestroy: expect.stringContaining('generation 2'),
      },
      [idOthers]: { kind: 'foreign', whyNotDestroy: expect.stringContaining('f'.repeat(16)) },
    });
    expect(verdicts[idNobodys].whyNotDestroy).toBeUndefined();
    expect(verdicts[idLost].whyNotAdopt).toBeUndefined();

    const all = [idNobodys, idLost, idOlder, idOthers].sort();
    for (const [id, why] of [
      [idOthers, 'is marked as of the agent'],
      [idLost, 'the platform wants its contract running'],
      [idOlder, 'the platform wants its contract running'],
      ['dc-none-g1', 'there is no machine'],
    ] as const) {
      const ended = await site.run('orphans', 'destroy', id, '--yes');
      expect(ended).toMatchObject({ code: 1, err: expect.stringContaining(why) });
    }
    expect(await site.run('orphans', 'destroy', idNobodys)).toMatchObject({
      code: 2,
      err: expect.stringContaining('--yes'),
    });
    for (const id of [idNobodys, idOlder, idOthers]) {
      expect((await site.run('orphans', 'adopt', id)).code).toBe(1);
    }
    expect(await site.there()).toEqual(all);

    expect(await site.run('orphans', 'destroy', idNobodys, '--yes')).toMatchObject({ code: 0, err: '' });
    expect(await site.there()).toEqual([idLost, idOlder, idOthers].sort());
    expect(jsonOf(await site.run('orphans', 'adopt', idLost, '--json'))).toMatchObject({
      adopted: { externalId: idLost, contractId: lost },
      throughAgent: false,
    });
    const status = jsonOf(await site.run('status', '--json'));
    expect(status.machines).toMatchObject([{ contractId: lost, phase: 'running', externalId: idLost }]);
    expect(status.pendingEvents).toBe(2);
    expect(platform.eventsOf(lost)).toEqual([]);

    site.known.desired = [wanted(lost)];
    await site.whileRunning(async () => {
      const event = await scene.provisioned({ contractId: lost });
      expect(event.payload.instance.externalId).toBe(idLost);
      expect((await ssh({ port: event.payload.instance.sshPort, key: scene.key }, 'true')).code).toBe(0);
    });
    expect(platform.eventsOf(lost).map(({ kind }) => kind)).toEqual(['claimed', 'provisioned']);
    expect(await site.there()).toEqual([idLost, idOlder, idOthers].sort());
  });

  test('when the platform cannot be asked, they are listed by the journal alone, and nothing is destroyed', async () => {
    const site = await scene.newSite();
    const [id] = await placed(site, contract());
    platform.refuses = true;
    try {
      const list = jsonOf(await site.run('orphans', 'list', '--json'));
      expect(list).toMatchObject({
        snapshotAtNs: null,
        orphans: [{ externalId: id, whyNotDestroy: expect.stringContaining('cannot be asked') }],
      });
      expect((await site.run('orphans', 'destroy', id, '--yes')).code).toBe(4);
      expect((await site.run('orphans', 'adopt', id)).code).toBe(4);
      expect((await site.run('reconcile', '--dry-run')).code).toBe(4);
    } finally {
      platform.refuses = false;
    }
    await site.writeConfig('http://127.0.0.1:1');
    expect((await site.run('orphans', 'destroy', id, '--yes')).code).toBe(5);
    expect(await site.there()).toEqual([id]);
  });
});

describe('while the agent runs', () => {
  test('the running process lists, adopts and destroys, over a socket for its owner only', async () => {
    const site = await scene.newSite();
    const socket = join(site.dataDir, 'control.sock');
    const [nobodys, lost] = [contract(), contract()];
    const [idNobodys, idLost] = await placed(site, nobodys, lost);
    const ended = await site.whileRunning(async () => {
      expect((await stat(socket)).mode & 0o777).toBe(0o600);
      // At its start it asks twice: what is wanted after that it would take over by itself.
      await eventually(() => site.known.snapshots > 1, { deadlineMs: 40_000 });
      site.known.desired = [wanted(lost)];
      const list = jsonOf(await site.run('orphans', 'list', '--json'));
      expect(list.orphans).toHaveLength(2);
      expect(await site.run('orphans', 'destroy', idLost, '--yes')).toMatchObject({
        code: 1,
        err: expect.stringContaining('the platform wants its contract running'),
      });
      expect(jsonOf(await site.run('orphans', 'adopt', idLost, '--json'))).toMatchObject({
        adopted: { contractId: lost },
        throughAgent: true,
      });
      await platform.eventOf(lost, 'provisioned');
      expect(jsonOf(await site.run('orphans', 'destroy', idNobodys, '--yes', '--json'))).toMatchObject({
        destroyed: { externalId: idNobodys },
        throughAgent: true,
      });
      expect(await site.there()).toEqual([idLost]);
      await eventually(() => idsOf(site)?.join() === idLost, { what: 'the report of what is left' });
      expect(jsonOf(await site.run('orphans', 'list', '--json')).orphans).toEqual([]);
      expect(await site.run('orphans', 'destroy', idLost, '--yes')).toMatchObject({
        code: 1,
        err: expect.stringContaining('is no orphan'),
      });
      await unlink(socket);
      expect(await site.run('orphans', 'list')).toMatchObject({
        code: 1,
        err: expect.stringContaining('stop it'),
      });
    });
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect(await site.there()).toEqual([idLost]);
  });

  test('a killed one leaves nothing that stands in the way', async () => {
    const site = await scene.newSite();
    const agent = site.start('run');
    const socket = join(site.dataDir, 'control.sock');
    await eventually(() => existsSync(socket), { deadlineMs: 40_000 });
    await agent.process.end('SIGKILL');
    expect(existsSync(socket)).toBe(true);
    expect(jsonOf(await site.run('orphans', 'list', '--json')).orphans).toEqual([]);
    const ended = await site.whileRunning(async () => {
      expect((await site.run('orphans', 'list')).code).toBe(0);
    });
    expect(ended.code).toBe(0);
    expect(existsSync(socket)).toBe(false);
  });
});

describe('reconciling by hand', () => {
  test('the dry run says what would be done to each machine and changes nothing, with an agent and without', async () => {
    const site = await scene.newSite();
    const [made, taken, gone, nobodys, late] = [contract(), contract(), contract(), contract(), contract()];
    const [idTaken, idGone, idNobodys] = await placed(site, taken, gone, nobodys);
    const desired = [
      wanted(made),
      wanted(taken),
      wanted(gone, { desired: 'absent' }),
      wanted(late, { deadlineNs: '1' }),
    ];
    site.known.desired = desired;
    const plan = [
      { act: 'create', contractId: made },
      { act: 'take-over', contractId: taken, externalId: idTaken },
      { act: 'remove', contractId: gone, externalId: idGone },
      { act: 'refuse', contractId: late },
      { act: 'leave', externalId: idNobodys },
    ];
    const before = [await journalOf(site), await site.there(), platform.events.length];
    expect(jsonOf(await site.run('reconcile', '--dry-run', '--json')).steps).toMatchObject(plan);
    expect([await journalOf(site), await site.there(), platform.events.length]).toEqual(before);
    expect(await site.run('reconcile')).toMatchObject({
      code: 1,
      err: expect.stringContaining('no agent runs here'),
    });

    site.known.desired = [];
    await site.whileRunning(async () => {
      await eventually(() => (idsOf(site)?.length ?? 0) === 3);
      await eventually(async () => (await journalOf(site)).includes('"snapshot"'));
      site.known.desired = desired;
      const beforeLook = [await journalOf(site), await site.there(), platform.events.length];
      expect(jsonOf(await site.run('reconcile', '--dry-run', '--json')).steps).toMatchObject(plan);
      expect([await journalOf(site), await site.there(), platform.events.length]).toEqual(beforeLook);

      expect(jsonOf(await site.run('reconcile', '--json'))).toMatchObject({ compared: true, steps: plan });
      await platform.eventOf(made, 'provisioned');
      await platform.eventOf(taken, 'provisioned');
      await platform.eventOf(gone, 'terminated');
      await platform.eventOf(late, 'failed');
      expect(await site.there()).toContain(idNobodys);
      expect(await site.there()).not.toContain(idGone);
      expect(await site.there()).toHaveLength(3);
    });
  });

  test('drift is counted by its kinds, in the status and in the heartbeat', async () => {
    const site = await scene.newSite();
    const [nobodys, up, others, late] = [contract(), contract(), contract(), contract()];
    await site.place(scene.key.publicKey, marked(site, nobodys), marked(site, up), {
      ...marked(site, others),
      environment: 'elsewhere',
    });
    site.known.desired = [wanted(up, { desired: 'stopped' }), wanted(late, { deadlineNs: '1' })];
    await site.whileRunning(async () => {
      const counts = { missing: 1, unexpected: 1, wrongPower: 1, foreign: 1 };
      const drift = () => scene.beatsOf(site).at(-1)?.resources?.drift;
      await eventually(() => JSON.stringify(drift()) === JSON.stringify(counts), {
        what: 'the drift in a heartbeat',
        deadlineMs: 20_000,
      });
      const status = await eventually(
        async () => {
          const shown = jsonOf(await site.run('status', '--json'));
          return shown.driftCounts !== null && shown;
        },
        { deadlineMs: 30_000 },
      );
      expect(status.driftCounts).toEqual(counts);
      expect(status.drift.map(({ what }: { what: string }) => what).sort()).toEqual([
        'foreign',
        'missing',
        'not-stopped',
        'unwanted',
      ]);
    });
  });
});
