import { rm, writeFile } from 'node:fs/promises';
import type { DesiredMachine } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { AgentState } from '../src/domain/agent-state.ts';
import { readJournal } from '../src/journal/journal-file.ts';
import type { FakePlatform } from './fake-platform.ts';
import type { AgentSite, Started } from './program.ts';
import { Scene } from './scene.ts';

jest.setTimeout(180_000);

/** Longer than any spec: a command comes again only because it was given back. */
const ACK_WAIT_SECONDS = 3_600;

let scene: Scene;
let platform: FakePlatform;

async function newSite(): Promise<AgentSite> {
  const config = { agent: 'max_parallel_provisions = 2' };
  const site = await scene.newSite({ machines: 10, ackWaitSeconds: ACK_WAIT_SECONDS, config });
  await writeFile(site.pauseFile, '');
  return site;
}

const journalOf = async (site: AgentSite) => AgentState.of((await readJournal(site.journalPath)).entries);
const phasesOf = async (site: AgentSite) =>
  [...(await journalOf(site)).machines.values()].map(({ phase }) => phase).sort();
const said = (agent: Started, text: string) => agent.lines.some((line) => line.includes(text));
const pausedOf = ({ lines }: Started) => lines.filter((line) => line === 'paused').length;

/** Five commands for two places: the agent is at two of them, three wait. No snapshot names them. */
async function startBusy(site: AgentSite, env: NodeJS.ProcessEnv): Promise<[Started, DesiredMachine[]]> {
  const agent = site.startPausing(env);
  const commands = Array.from({ length: 5 }, () => scene.wanted());
  try {
    await scene.provision(site, ...commands);
    await eventually(
      () =>
        pausedOf(agent) === 2 && agent.lines.filter((line) => line.includes('kind=provision')).length === 5,
      { deadlineMs: 60_000, what: 'two at work and three waiting' },
    );
    await eventually(
      () => commands.filter(({ contractId }) => platform.eventsOf(contractId, 'claimed')[0]).length === 2,
    );
  } catch (error) {
    await agent.process.end('SIGKILL');
    throw new Error(agent.lines.join('\n'), { cause: error });
  }
  return [agent, commands];
}

/** After another start everything is there, each once, and every command is settled. */
async function expectAllOnce(site: AgentSite, commands: readonly DesiredMachine[]): Promise<void> {
  await rm(site.pauseFile, { force: true });
  const agent = site.startPausing();
  try {
    for (const { contractId } of commands) await platform.eventOf(contractId, 'provisioned', 60_000);
    await scene.settled(site, 30_000);
    expect((await site.backend().list()).map(({ marks }) => marks?.contractId).sort()).toEqual(
      commands.map(({ contractId }) => contractId).sort(),
    );
    for (const { contractId } of commands) {
      const events = platform.eventsOf(contractId);
      expect(
        new Set(events.filter(({ kind }) => kind === 'provisioned').map(({ eventId }) => eventId)).size,
      ).toBe(1);
      expect(events.map(({ kind }) => kind)).not.toContain('failed');
    }
  } catch (error) {
    throw new Error(agent.lines.join('\n'), { cause: error });
  } finally {
    await agent.process.end('SIGTERM', 30_000);
  }
  expect(await phasesOf(site)).toEqual(commands.map(() => 'running'));
}

beforeAll(async () => {
  scene = await Scene.begin();
  platform = scene.platform;
});
afterAll(() => scene?.end());

test.each(['before', 'after'])(
  'creations that do not end in time are called off %s the machine is made, the waiting ones given back; all go on after the next start',
  async (at) => {
    const site = await newSite();
    const [agent, commands] = await startBusy(site, { PAUSE_AT: at });
    await agent.process.end('SIGTERM', 60_000);
    expect(await agent.ended).toMatchObject({ code: 0, err: '' });
    expect(said(agent, 'agent has stopped')).toBe(true);
    expect(said(agent, 'gone on with')).toBe(false);
    expect(await phasesOf(site)).toEqual(['creating', 'creating']);
    expect(await site.there()).toHaveLength(at === 'before' ? 0 : 2);
    expect(await platform.unsettled(site.known)).toBe(5);
    // Each given back once or twice, not to and fro between the broker and the pull that was still open.
    expect(await platform.deliveries(site.known)).toBeLessThanOrEqual(5 + 3);
    expect(scene.beatsOf(site).at(-1)).toMatchObject({ freeSlots: 0 });
    await expectAllOnce(site, commands);
  },
);

test('a creation that ends in time is told before the agent goes, and no other begins', async () => {
  const site = await newSite();
  const [agent, commands] = await startBusy(site, { PAUSE_AT: 'before' });
  await agent.process.signal('SIGTERM');
  await eventually(() => said(agent, 'ending'));
  await rm(site.pauseFile);
  expect(await agent.ended).toMatchObject({ code: 0, err: '' });
  expect(await phasesOf(site)).toEqual(['running', 'running']);
  expect((await journalOf(site)).pending()).toEqual([]);
  expect(
    commands.filter(({ contractId }) => platform.eventsOf(contractId, 'provisioned').length === 1),
  ).toHaveLength(2);
  expect(await platform.unsettled(site.known)).toBe(3);
  expect(await site.there()).toHaveLength(2);
  await expectAllOnce(site, commands);
});

test('a backend that does not end does not keep the agent', async () => {
  const site = await newSite();
  const [agent, commands] = await startBusy(site, { PAUSE_AT: 'after', PAUSE_DEAF: '1' });
  await agent.process.end('SIGTERM', 60_000);
  expect(await agent.ended).toMatchObject({ code: 0 });
  expect(said(agent, 'gone on with')).toBe(true);
  await expectAllOnce(site, commands);
});

test('a broker that does not answer does not keep the agent', async () => {
  const site = await newSite();
  const [agent, commands] = await startBusy(site, { PAUSE_AT: 'before' });
  await platform.hub.nats.kill('SIGSTOP');
  try {
    await agent.process.signal('SIGTERM');
    await eventually(() => said(agent, 'ending'));
    await rm(site.pauseFile);
    await agent.process.end('SIGINT', 60_000);
    expect(await agent.ended).toMatchObject({ code: 0 });
    expect(said(agent, 'agent has stopped')).toBe(true);
    expect(await phasesOf(site)).toEqual(['running', 'running']);
  } finally {
    await platform.hub.nats.kill('SIGCONT');
  }
  // What waited could not be given back: the snapshot brings it.
  site.known.desired = commands;
  await rm(site.pauseFile, { force: true });
  const next = site.startPausing();
  try {
    for (const { contractId } of commands) await platform.eventOf(contractId, 'provisioned', 60_000);
    expect(await site.there()).toHaveLength(5);
  } catch (error) {
    throw new Error(next.lines.join('\n'), { cause: error });
  } finally {
    await next.process.end('SIGTERM', 30_000);
  }
});

test('the same signal again ends it at once, and nothing is lost by that', async () => {
  const site = await newSite();
  const [agent, commands] = await startBusy(site, { PAUSE_AT: 'before', PAUSE_DEAF: '1' });
  await agent.process.signal('SIGTERM');
  await eventually(() => said(agent, 'ending'));
  await agent.process.signal('SIGTERM');
  expect(await agent.ended).toMatchObject({ code: 0 });
  expect(said(agent, 'a second time')).toBe(true);
  expect(said(agent, 'agent has stopped')).toBe(false);
  site.known.desired = commands;
  await rm(site.pauseFile, { force: true });
  const next = site.startPausing();
  try {
    for (const { contractId } of commands) await platform.eventOf(contractId, 'provisioned', 60_000);
    expect(await site.there()).toHaveLength(5);
  } finally {
    await next.process.end('SIGTERM', 30_000);
  }
});
