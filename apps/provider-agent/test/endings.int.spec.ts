import type { DesiredMachine } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import type { Agent } from '../src/agent/agent.ts';
import { type FakePlatform, nowNs } from './fake-platform.ts';
import { startInProcess } from './in-process.ts';
import { LONG_NS, Scene } from './scene.ts';
import { ssh } from './ssh.ts';

jest.setTimeout(120_000);

const PAID_NS = 6_000_000_000n;

let scene: Scene;
let platform: FakePlatform;
let agent: Agent | undefined;

beforeAll(async () => {
  scene = await Scene.begin();
  platform = scene.platform;
});
afterAll(async () => {
  await agent?.stop();
  await scene?.end();
});

const wanted = (endsAtNs?: bigint): DesiredMachine =>
  scene.wanted(endsAtNs === undefined ? {} : { endsAtNs: endsAtNs.toString() });

test('a clock that is set while the agent runs changes nothing: commands are in time, and a new session is opened', async () => {
  const site = await scene.newSite({ machines: 10 });
  let aheadNs = 0n;
  const logs: string[] = [];
  const renewals = () => logs.filter((line) => line.includes('session renewed')).length;
  const beside = await startInProcess(platform, site, site.backend(), { now: () => nowNs() + aheadNs, logs });
  try {
    const provisioned = async () => {
      const machine = wanted();
      await scene.provision(site, machine);
      const event = await scene.provisioned(machine, 30_000);
      return BigInt(event.atNs) - nowNs();
    };
    await provisioned();
    for (const nextNs of [2n * LONG_NS, -2n * LONG_NS, 0n]) {
      const before = renewals();
      aheadNs = nextNs;
      // The wait of a command is shorter than what the clock was set by.
      const lateNs = await provisioned();
      expect(lateNs < 60_000_000_000n && lateNs > -60_000_000_000n).toBe(true);
      await eventually(() => renewals() === before + 1, { deadlineMs: 20_000, what: 'a new session' });
    }
  } finally {
    await beside.stop();
  }
});

test('without a broker a machine is stopped at its end and kept; afterwards the word of the platform counts', async () => {
  const site = await scene.newSite({ machines: 10 });
  const backend = site.backend();
  agent = await startInProcess(platform, site, backend, { maxParallelProvisions: 10 });
  const endsAtNs = nowNs() + PAID_NS;
  const [extended, ended, unanswered, longer, endless] = [
    wanted(endsAtNs),
    wanted(endsAtNs),
    wanted(endsAtNs),
    wanted(nowNs() + LONG_NS),
    wanted(),
  ] as [DesiredMachine, DesiredMachine, DesiredMachine, DesiredMachine, DesiredMachine];
  const all = [extended, ended, unanswered, longer, endless];
  const ports = new Map<string, number>();
  await scene.provision(site, ...all);
  for (const machine of all) {
    const { payload } = await scene.provisioned(machine);
    ports.set(machine.contractId, payload.instance.sshPort);
  }
  const signIn = async ({ contractId }: DesiredMachine) =>
    (await ssh({ port: ports.get(contractId) as number, key: scene.key }, 'true')).code;
  const powers = async () => {
    const found = await backend.list();
    return all.map(({ contractId }) => found.find(({ marks }) => marks?.contractId === contractId)?.power);
  };

  await platform.hub.nats.kill('SIGKILL');
  await eventually(async () => (await powers()).filter((power) => power === 'stopped').length === 3, {
    deadlineMs: 30_000,
    what: 'three machines being stopped',
  });
  expect(await powers()).toEqual(['stopped', 'stopped', 'stopped', 'running', 'running']);
  expect(await Promise.all(all.map(signIn))).toEqual([255, 255, 255, 0, 0]);
  // Still there some beats later: nothing is removed without being told.
  const until = nowNs() + 3_000_000_000n;
  await eventually(async () => {
    expect(await site.there()).toHaveLength(5);
    return nowNs() > until;
  });

  site.known.desired = [
    { ...extended, endsAtNs: (nowNs() + LONG_NS).toString() },
    { ...ended, desired: 'absent' },
    unanswered,
    longer,
    endless,
  ];
  await platform.hub.nats.startAgain();
  await platform.attach();
  await platform.eventOf(ended.contractId, 'terminated', 60_000);
  await eventually(async () => (await powers())[0] === 'running', { deadlineMs: 30_000 });
  expect(await powers()).toEqual(['running', undefined, 'stopped', 'running', 'running']);
  expect(await signIn(extended)).toBe(0);
  expect(await site.there()).toHaveLength(4);
});
