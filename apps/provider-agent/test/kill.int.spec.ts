import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DesiredMachine } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { AgentState } from '../src/domain/agent-state.ts';
import { readJournal } from '../src/journal/journal-file.ts';
import { FakePlatform, nowNs } from './fake-platform.ts';
import { FIRST_PORT } from './ports.ts';
import { AgentSite, type Started } from './program.ts';
import { newSshKey, type SshKey, ssh } from './ssh.ts';

jest.setTimeout(180_000);

const MACHINES = 10;

let folder: string;
let platform: FakePlatform;
let key: SshKey;
let nextPort = FIRST_PORT;

const wanted = (): DesiredMachine => ({
  contractId: randomBytes(32).toString('hex'),
  generation: 1,
  desired: 'running',
  deadlineNs: (nowNs() + 600_000_000_000n).toString(),
  spec: { offeringId: 'small', sshPublicKeys: [key.publicKey] },
  encryptionPublicKeys: [],
});

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
  folder = await mkdtemp(join(tmpdir(), 'dc-kill-'));
  key = await newSshKey(folder, 'tenant');
  platform = await FakePlatform.start();
});
afterAll(async () => {
  await platform?.stop();
  await rm(folder, { recursive: true, force: true });
});

test.each(MOMENTS)(
  'kill -9 with ten machines on their way, $name: ten afterwards, none doubled',
  async (moment) => {
    nextPort += 20;
    const known = await platform.newAgent(3);
    const site = new AgentSite(known, await mkdtemp(join(folder, 's-')), nextPort, 20);
    await site.writeConfig(platform.url, { agent: `max_parallel_provisions = ${MACHINES}` });
    await writeFile(site.pauseFile, '');
    const commands = Array.from({ length: MACHINES }, wanted);
    known.desired = commands;
    const first = site.startPausing(moment.env);
    let killed: Counts;
    try {
      await eventually(() => first.lines.some((line) => line.includes('connected to the broker')), {
        deadlineMs: 40_000,
      });
      await Promise.all(commands.map((machine) => platform.command(known, 'provision', machine).send()));
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
      await eventually(async () => (await platform.unsettled(known)) === 0, { deadlineMs: 30_000 });
      const made = (await site.backend().list()).map(({ marks }) => marks?.contractId).sort();
      process.stdout.write(
        `${moment.name}: killed at ${JSON.stringify(killed)}, then ${made.length} machines\n`,
      );
      expect(made).toEqual(commands.map(({ contractId }) => contractId).sort());
      for (const { contractId } of commands) {
        const events = platform.eventsOf(contractId, 'provisioned');
        expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(1);
        expect(platform.eventsOf(contractId, 'failed')).toEqual([]);
        const [event] = events;
        if (event?.kind !== 'provisioned') throw new Error('no event');
        // All may have been told before the kill: then nothing has waited for the second one yet.
        const { sshPort: port } = event.payload.instance;
        await eventually(async () => (await ssh({ port, key }, 'true')).code === 0, { deadlineMs: 30_000 });
      }
    } catch (error) {
      throw new Error(second.lines.join('\n'), { cause: error });
    } finally {
      await second.process.end('SIGTERM', 30_000);
    }
    expect(await countsOf(site)).toEqual({ creating: 0, running: MACHINES, unsent: 0, there: MACHINES });
  },
);
