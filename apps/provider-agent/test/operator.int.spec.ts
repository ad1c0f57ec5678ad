import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DesiredMachine } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { FakePlatform, nowNs } from './fake-platform.ts';
import { FIRST_PORT } from './ports.ts';
import { AgentSite, type Ended } from './program.ts';
import { newSshKey, type SshKey, ssh } from './ssh.ts';

jest.setTimeout(120_000);

let folder: string;
let platform: FakePlatform;
let key: SshKey;
let nextPort = FIRST_PORT;

async function newSite(more: Parameters<AgentSite['writeConfig']>[1] = {}): Promise<AgentSite> {
  nextPort += 20;
  const site = new AgentSite(await platform.newAgent(), await mkdtemp(join(folder, 's-')), nextPort);
  await site.writeConfig(platform.url, more);
  return site;
}

const contract = () => randomBytes(32).toString('hex');
const wanted = (contractId: string, over: Partial<DesiredMachine> = {}): DesiredMachine => ({
  contractId,
  generation: 1,
  desired: 'running',
  deadlineNs: (nowNs() + 600_000_000_000n).toString(),
  spec: { offeringId: 'small', sshPublicKeys: [key.publicKey] },
  encryptionPublicKeys: [],
  ...over,
});
const marked = (site: AgentSite, contractId: string, generation = 1) => ({
  contractId,
  generation,
  ...site.own,
});
const json = (ended: Ended) => {
  if (ended.out === '') throw new Error(`exit code ${ended.code}: ${ended.err}`);
  return JSON.parse(ended.out);
};
const journalOf = (site: AgentSite) =>
  existsSync(site.journalPath) ? readFile(site.journalPath, 'utf8') : Promise.resolve('');

/** Runs the agent while the work is done; what it said is in the error when that fails. */
async function whileRunning(site: AgentSite, work: () => Promise<void>): Promise<Ended> {
  const agent = site.start('run');
  try {
    await eventually(() => agent.lines.some((line) => line.includes('connected to the broker')), {
      deadlineMs: 40_000,
      what: 'the agent being connected',
    });
    await work();
  } catch (error) {
    throw new Error(agent.lines.join('\n'), { cause: error });
  } finally {
    await agent.process.end('SIGTERM', 30_000);
  }
  return agent.ended;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dc-op-'));
  key = await newSshKey(folder, 'tenant');
  platform = await FakePlatform.start();
});

afterAll(async () => {
  await platform?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('orphans without a running agent', () => {
  test('they are listed with what may be done about them, destroyed and adopted; the rest is refused and stays', async () => {
    const site = await newSite();
    const [nobodys, lost, older, others] = [contract(), contract(), contract(), contract()];
    const [idNobodys, idLost, idOlder, idOthers] = (await site.place(
      key.publicKey,
      marked(site, nobodys),
      marked(site, lost),
      marked(site, older),
      { ...marked(site, others), agent: 'f'.repeat(16) },
    )) as [string, string, string, string];
    site.known.desired = [wanted(lost), wanted(older, { generation: 2 })];

    const list = json(await site.run('orphans', 'list', '--json'));
    const verdicts = Object.fromEntries(
      list.orphans.map((one: { externalId: string; whyNotAdopt?: string; whyNotDestroy?: string }) => [
        one.externalId,
        one,
      ]),
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
    expect(json(await site.run('orphans', 'adopt', idLost, '--json'))).toMatchObject({
      adopted: { externalId: idLost, contractId: lost },
      throughAgent: false,
    });
    const status = json(await site.run('status', '--json'));
    expect(status.machines).toMatchObject([{ contractId: lost, phase: 'running', externalId: idLost }]);
    expect(status.pendingEvents).toBe(2);
    expect(platform.eventsOf(lost)).toEqual([]);

    site.known.desired = [wanted(lost)];
    await whileRunning(site, async () => {
      const event = await platform.eventOf(lost, 'provisioned');
      if (event.kind !== 'provisioned') throw new Error(event.kind);
      expect(event.payload.instance.externalId).toBe(idLost);
      expect((await ssh({ port: event.payload.instance.sshPort, key }, 'true')).code).toBe(0);
    });
    expect(platform.eventsOf(lost).map(({ kind }) => kind)).toEqual(['claimed', 'provisioned']);
    expect(await site.there()).toEqual([idLost, idOlder, idOthers].sort());
  });

  test('when the platform cannot be asked, they are listed by the journal alone, and nothing is destroyed', async () => {
    const site = await newSite();
    const [id] = (await site.place(key.publicKey, marked(site, contract()))) as [string];
    platform.refuses = true;
    try {
      const list = json(await site.run('orphans', 'list', '--json'));
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
    const site = await newSite();
    const socket = join(site.dataDir, 'control.sock');
    const [nobodys, lost] = [contract(), contract()];
    const [idNobodys, idLost] = (await site.place(
      key.publicKey,
      marked(site, nobodys),
      marked(site, lost),
    )) as [string, string];
    const ended = await whileRunning(site, async () => {
      expect((await stat(socket)).mode & 0o777).toBe(0o600);
      // At its start it asks twice: what is wanted after that it would take over by itself.
      await eventually(() => site.known.snapshots > 1, { deadlineMs: 40_000 });
      site.known.desired = [wanted(lost)];
      const list = json(await site.run('orphans', 'list', '--json'));
      expect(list.orphans).toHaveLength(2);
      expect(await site.run('orphans', 'destroy', idLost, '--yes')).toMatchObject({
        code: 1,
        err: expect.stringContaining('the platform wants its contract running'),
      });
      expect(json(await site.run('orphans', 'adopt', idLost, '--json'))).toMatchObject({
        adopted: { contractId: lost },
        throughAgent: true,
      });
      await platform.eventOf(lost, 'provisioned');
      expect(json(await site.run('orphans', 'destroy', idNobodys, '--yes', '--json'))).toMatchObject({
        destroyed: { externalId: idNobodys },
        throughAgent: true,
      });
      expect(await site.there()).toEqual([idLost]);
      await eventually(() => lastObserved(site)?.join() === idLost, { what: 'the report of what is left' });
      expect(json(await site.run('orphans', 'list', '--json')).orphans).toEqual([]);
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
    const site = await newSite();
    const agent = site.start('run');
    const socket = join(site.dataDir, 'control.sock');
    await eventually(() => existsSync(socket), { deadlineMs: 40_000 });
    await agent.process.end('SIGKILL');
    expect(existsSync(socket)).toBe(true);
    expect(json(await site.run('orphans', 'list', '--json')).orphans).toEqual([]);
    const ended = await whileRunning(site, async () => {
      expect((await site.run('orphans', 'list')).code).toBe(0);
    });
    expect(ended.code).toBe(0);
    expect(existsSync(socket)).toBe(false);
  });
});

describe('reconciling by hand', () => {
  test('the dry run says what would be done to each machine and changes nothing, with an agent and without', async () => {
    const site = await newSite();
    const [made, taken, gone, nobodys, late] = [contract(), contract(), contract(), contract(), contract()];
    const [idTaken, idGone, idNobodys] = (await site.place(
      key.publicKey,
      marked(site, taken),
      marked(site, gone),
      marked(site, nobodys),
    )) as [string, string, string];
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
    expect(json(await site.run('reconcile', '--dry-run', '--json')).steps).toMatchObject(plan);
    expect([await journalOf(site), await site.there(), platform.events.length]).toEqual(before);
    expect(await site.run('reconcile')).toMatchObject({
      code: 1,
      err: expect.stringContaining('no agent runs here'),
    });

    site.known.desired = [];
    await whileRunning(site, async () => {
      await eventually(() => (lastObserved(site)?.length ?? 0) === 3);
      await eventually(async () => (await journalOf(site)).includes('"snapshot"'));
      site.known.desired = desired;
      const beforeLook = [await journalOf(site), await site.there(), platform.events.length];
      expect(json(await site.run('reconcile', '--dry-run', '--json')).steps).toMatchObject(plan);
      expect([await journalOf(site), await site.there(), platform.events.length]).toEqual(beforeLook);

      expect(json(await site.run('reconcile', '--json'))).toMatchObject({ compared: true, steps: plan });
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
    const site = await newSite();
    const [nobodys, up, others, late] = [contract(), contract(), contract(), contract()];
    await site.place(key.publicKey, marked(site, nobodys), marked(site, up), {
      ...marked(site, others),
      environment: 'elsewhere',
    });
    site.known.desired = [wanted(up, { desired: 'stopped' }), wanted(late, { deadlineNs: '1' })];
    await whileRunning(site, async () => {
      const counts = { missing: 1, unexpected: 1, wrongPower: 1, foreign: 1 };
      const mine = () =>
        platform.heartbeats.findLast((beat) => beat.agentPublicKey === site.known.agent.publicKeyHex);
      await eventually(() => JSON.stringify(mine()?.resources?.drift) === JSON.stringify(counts), {
        what: 'the drift in a heartbeat',
        deadlineMs: 20_000,
      });
      const status = await eventually(
        async () => {
          const shown = json(await site.run('status', '--json'));
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

describe('run --check', () => {
  test('everything is tried, nothing is started, and each fault has its exit code', async () => {
    const site = await newSite();
    await rm(site.dataDir, { recursive: true });
    const good = await site.run('run', '--check', '--json');
    expect(good.code).toBe(0);
    expect(json(good).checks.map(({ id, status }: { id: string; status: string }) => [id, status])).toEqual([
      ['config', 'ok'],
      ['key', 'ok'],
      ['session', 'ok'],
      ['broker', 'ok'],
      ['backend', 'ok'],
    ]);
    expect(existsSync(site.dataDir)).toBe(false);

    platform.refuses = true;
    try {
      expect((await site.run('run', '--check')).code).toBe(4);
    } finally {
      platform.refuses = false;
    }
    await site.writeConfig(platform.url, { nats: '[nats]\nurls = ["nats://127.0.0.1:1"]' });
    const noBroker = await site.run('run', '--check');
    expect(noBroker).toMatchObject({ code: 5, err: expect.stringContaining('broker') });
    expect(noBroker.out).toMatch(/^ok +session/m);
    await site.writeConfig('http://127.0.0.1:1');
    expect((await site.run('run', '--check')).code).toBe(5);
    await site.writeConfig(platform.url, {
      provisioner:
        '[provisioner]\ntype = "docker"\n[provisioner.docker]\nsocket_path = "/nowhere/docker.sock"\n',
    });
    expect(await site.run('run', '--check')).toMatchObject({
      code: 6,
      err: expect.stringContaining('backend'),
    });
    await site.writeConfig(platform.url, { agent: 'max_parallel_provisions = 0' });
    expect((await site.run('run', '--check')).code).toBe(3);
  });
});

function lastObserved(site: AgentSite): string[] | undefined {
  const event = platform.events.findLast(
    ({ event: one }) => one.kind === 'observed' && one.agentPublicKey === site.known.agent.publicKeyHex,
  )?.event;
  return event?.kind === 'observed'
    ? event.payload.machines.map(({ externalId }) => externalId).sort()
    : undefined;
}
