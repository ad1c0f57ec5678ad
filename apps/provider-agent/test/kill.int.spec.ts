import { rm, writeFile } from 'node:fs/promises';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { AgentState } from '../src/domain/agent-state.ts';
import { Journal } from '../src/journal/journal.ts';
import { readJournal } from '../src/journal/journal-file.ts';
import { type FakePlatform, nowNs } from './fake-platform.ts';
import { InProcessAgents } from './in-process.ts';
import type { AgentSite, Started } from './program.ts';
import { Scene } from './scene.ts';
import { ssh } from './ssh.ts';

jest.setTimeout(180_000);

const MACHINES = 10;

let scene: Scene;
let platform: FakePlatform;
const agents = new InProcessAgents(() => platform);

/** What the journal holds at a moment. */
async function countsOf(site: AgentSite) {
  const state = AgentState.of((await readJournal(site.journalPath)).entries);
  const phases = [...state.machines.values()].map(({ phase }) => phase);
  return {
    creating: phases.filter((phase) => phase === 'creating').length,
    running: phases.filter((phase) => phase === 'running').length,
    unsent: state.pending().filter(({ kind }) => kind === 'provisioned').length,
    there: (await site.there()).length,
  };
}
type Counts = Awaited<ReturnType<typeof countsOf>>;

interface Moment {
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;
  /** Brings the agent to the moment. */
  readonly reach: (site: AgentSite, agent: Started) => Promise<void>;
  /** What is true at it. */
  readonly isIt: (counts: Counts) => boolean;
}

const pausedOf = ({ lines }: Started) => lines.filter((line) => line === 'paused').length;
const whenPaused = (count: number) => (_: AgentSite, agent: Started) =>
  eventually(() => pausedOf(agent) === count, { deadlineMs: 60_000, what: `${count} standing still` }).then(
    () => undefined,
  );

const MOMENTS: readonly Moment[] = [
  {
    name: 'before any is made',
    env: { PAUSE_AT: 'before' },
    reach: whenPaused(MACHINES),
    isIt: ({ there, creating }) => there === 0 && creating === MACHINES,
  },
  {
    name: 'when some are made and reported, and some are not begun',
    env: { PAUSE_AT: 'before', PAUSE_PASSES: '5' },
    reach: async (site, agent) => {
      await whenPaused(MACHINES - 5)(site, agent);
      await eventually(async () => (await countsOf(site)).running === 5);
    },
    isIt: ({ there, running, creating }) => there === 5 && running === 5 && creating === 5,
  },
  {
    name: 'when all are made and none is written down',
    env: { PAUSE_AT: 'after' },
    reach: whenPaused(MACHINES),
    isIt: ({ there, creating }) => there === MACHINES && creating === MACHINES,
  },
  {
    name: 'when some are written down and not reported',
    env: { PAUSE_AT: 'after', PAUSE_PASSES: '0' },
    reach: async (site, agent) => {
      await whenPaused(MACHINES)(site, agent);
      await platform.hub.nats.kill('SIGSTOP');
      await rm(site.pauseFile);
      await eventually(async () => (await countsOf(site)).unsent > 0, { everyMs: 1, deadlineMs: 30_000 });
    },
    isIt: ({ unsent, there }) => unsent > 0 && there === MACHINES,
  },
  {
    name: 'at no chosen moment, as soon as the first one runs',
    env: {},
    reach: async (site) => {
      await eventually(async () => (await countsOf(site)).running > 0, { everyMs: 1, deadlineMs: 60_000 });
    },
    isIt: ({ running }) => running > 0,
  },
];

beforeAll(async () => {
  scene = await Scene.begin();
  platform = scene.platform;
});
afterEach(() => agents.stop());
afterAll(() => scene?.end());

test.each(MOMENTS)(
  'kill -9 with ten machines on their way, $name: ten afterwards, none doubled',
  async (moment) => {
    const config = { agent: `max_parallel_provisions = ${MACHINES}` };
    const site = await scene.newSite({ ackWaitSeconds: 3, config });
    await writeFile(site.pauseFile, '');
    const commands = Array.from({ length: MACHINES }, () => scene.wanted());
    site.known.desired = commands;
    const first = site.startPausing(moment.env);
    let killed: Counts;
    try {
      await eventually(() => first.lines.some((line) => line.includes('connected to the broker')), {
        deadlineMs: 40_000,
      });
      await scene.provision(site, ...commands);
      await moment.reach(site, first);
      await first.process.end('SIGKILL');
      killed = await countsOf(site);
    } catch (error) {
      throw new Error(first.lines.join('\n'), { cause: error });
    } finally {
      await first.process.end('SIGKILL');
      await platform.hub.nats.kill('SIGCONT');
    }
    if (!moment.isIt(killed)) throw new Error(`not the moment: ${JSON.stringify(killed)}`);

    await rm(site.pauseFile, { force: true });
    const second = site.startPausing();
    try {
      for (const { contractId } of commands) await platform.eventOf(contractId, 'provisioned', 60_000);
      await scene.settled(site, 30_000);
      const made = (await site.backend().list()).map(({ marks }) => marks?.contractId).sort();
      process.stdout.write(
        `${moment.name}: killed at ${JSON.stringify(killed)}, then ${made.length} machines\n`,
      );
      expect(made).toEqual(commands.map(({ contractId }) => contractId).sort());
      for (const wanted of commands) {
        const { contractId } = wanted;
        const events = platform.eventsOf(contractId, 'provisioned');
        expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(1);
        expect(platform.eventsOf(contractId, 'failed')).toEqual([]);
        // All may have been told before the kill: then nothing has waited for the second one yet.
        const { sshPort: port } = (await scene.provisioned(wanted)).payload.instance;
        await eventually(async () => (await ssh({ port, key: scene.key }, 'true')).code === 0, {
          deadlineMs: 30_000,
        });
      }
    } catch (error) {
      throw new Error(second.lines.join('\n'), { cause: error });
    } finally {
      await second.process.end('SIGTERM', 30_000);
    }
    expect(await countsOf(site)).toEqual({ creating: 0, running: MACHINES, unsent: 0, there: MACHINES });
  },
);

test.each(['before', 'after'])(
  'kill -9 %s the one machine is made: one machine, and its event arrives',
  async (at) => {
    const site = await scene.newSite({ machines: 10, ackWaitSeconds: 2 });
    await writeFile(site.pauseFile, '');
    const first = site.startPausing({ PAUSE_AT: at });
    const wanted = scene.wanted();
    site.known.desired = [wanted];
    await scene.provision(site, wanted);
    try {
      await whenPaused(1)(site, first);
      await platform.eventOf(wanted.contractId, 'claimed');
      await first.process.end('SIGKILL');
      expect(scene.kindsOf(wanted)).not.toContain('provisioned');
    } catch (error) {
      throw new Error(first.lines.join('\n'), { cause: error });
    } finally {
      await first.process.end('SIGKILL');
    }
    // The pause file stays: only the first one stands still.
    await site.whileRunning(async () => {
      const { payload } = await scene.provisioned(wanted);
      expect((await ssh({ port: payload.instance.sshPort, key: scene.key }, 'true')).code).toBe(0);
      await scene.settled(site);
      const made = await site.backend().list();
      expect(made.map(({ marks }) => marks?.contractId)).toEqual([wanted.contractId]);
    }, site.startPausing());
    const journal = await Journal.open(site.journalPath, nowNs);
    expect(journal.state.pending()).toEqual([]);
    expect(journal.state.machines.get(wanted.contractId)).toMatchObject({ phase: 'running', generation: 1 });
    await journal.close();
  },
);

test('a command to destroy that was being carried out goes on without the platform', async () => {
  const site = await scene.newSite({ machines: 10 });
  const { agent } = await agents.start(site);
  const wanted = scene.wanted();
  await scene.provision(site, wanted);
  await scene.provisioned(wanted);
  await agent.stop();
  const journal = await Journal.open(site.journalPath, nowNs);
  const record = journal.state.machines.get(wanted.contractId);
  if (!record) throw new Error('no record');
  await journal.write([{ t: 'machine', record: { ...record, phase: 'removing' } }]);
  await journal.close();
  platform.refuses = true;
  try {
    const { backend } = await agents.start(site);
    await eventually(async () => (await backend.list()).length === 0);
  } finally {
    platform.refuses = false;
  }
  expect(await platform.eventOf(wanted.contractId, 'terminated')).toMatchObject({ generation: 1 });
});
