import { randomUUID } from 'node:crypto';
import { facts } from '@decent-cloud/messages';
import { listDelegations, openAgentSession } from '@decent-cloud/messages/agents';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import type { Instance } from '../src/registry/instance/domain/admission.ts';
import { hex64, user } from './people.ts';
import { PollingAgent } from './polling-agent.ts';
import { ScriptedAgent } from './scripted-agent.ts';
import { Stage } from './stage.ts';

jest.setTimeout(120_000);
const stage = Stage.forFile();

const HELD = { code: 'CONFLICT', reason: 'AGENT_INSTANCE_HELD' };
const instanceOn = (host: string, place = hex64(), boot = hex64()): Instance => ({
  instanceId: randomUUID(),
  host,
  place,
  boot,
});
const others: ScriptedAgent[] = [];
afterEach(async () => {
  for (const other of others.splice(0)) await other.leave();
});

/** An agent at work on the host alpha, and what copies of its data folder become elsewhere. */
async function atWork() {
  const { provider, agent } = await stage.oneAgent();
  const first = instanceOn('alpha');
  await agent.leave();
  await agent.as(first).openSession();
  await agent.connect();
  await agent.beat();
  const copyOn = (instance: Instance) => {
    const copy = new ScriptedAgent(stage, provider, agent.key).as(instance);
    others.push(copy);
    return copy;
  };
  return { provider, agent, first, copyOn };
}
const shown = async (provider: string) => {
  const [found] = await stage.ask(listDelegations, { params: { pubkey: provider } }, user(provider));
  return found && { instance: null, rival: null, ...found };
};
const doubles = (agentPublicKey: string) =>
  stage.heardPayloads(facts.agentDoubled).filter((fact) => fact.agentPublicKey === agentPublicKey);
const disbelieved = (channel: 'event' | 'heartbeat') =>
  stage.metric('dc_agent_messages_disbelieved_total', `channel="${channel}",reason="other-instance"`);
/** The stamps of users are whole seconds, of the real clock. */
const nextSecond = () => new Promise((resolve) => setTimeout(resolve, 2_100));
/** At the door for as long as it takes, while nobody else is heard. */
async function waitAtDoor(copy: ScriptedAgent) {
  await expect(copy.openSession()).rejects.toMatchObject(HELD);
  stage.advance(60);
}

test('a copy on another host is turned away while the first lives; the provider and the first one learn of it, once', async () => {
  const { provider, agent, copyOn } = await atWork();
  const copy = copyOn(instanceOn('beta'));
  await expect(copy.openSession()).rejects.toMatchObject({
    ...HELD,
    message: expect.stringContaining('on the host "alpha" since '),
  });
  expect(doubles(agent.publicKey)).toEqual([]);
  for (let time = 0; time < 3; time++) {
    stage.advance(20);
    await agent.beat();
    await expect(copy.openSession()).rejects.toMatchObject(HELD);
  }
  const [told] = await eventually(() => doubles(agent.publicKey).length > 0 && doubles(agent.publicKey));
  expect(told).toMatchObject({
    providerPublicKey: provider,
    what: 'refused',
    host: 'alpha',
    otherHost: 'beta',
  });
  expect(await shown(provider)).toMatchObject({
    online: true,
    instance: { host: 'alpha' },
    rival: { kind: 'session', host: 'beta' },
  });
  await eventually(() => agent.commands.some(({ kind }) => kind === 'resync'));
  expect(await agent.snapshot()).toMatchObject({ rival: { host: 'beta' } });
  expect(doubles(agent.publicKey)).toHaveLength(1);
});

test('of many that begin at one moment one gets in', async () => {
  const { provider, agent } = await stage.oneAgent();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 6 }, (_, n) =>
      new ScriptedAgent(stage, provider, agent.key).as(instanceOn(`host ${n}`)).openSession(),
    ),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('a new start in the same place is let in at once, and what the one before had said still counts', async () => {
  const { provider, agent, first, copyOn } = await atWork();
  const accepted = stage.accepted(provider);
  await stage.say(facts.contractAccepted, accepted);
  await agent.command(accepted.contractId, 'provision');
  const late = agent.claimed(accepted.contractId);
  const again = copyOn({ ...first, instanceId: randomUUID() });
  await again.openSession();
  await again.connect();
  await again.report(late);
  await stage.saidOnce(facts.provisioningStarted, accepted.contractId);
  expect(await shown(provider)).toMatchObject({ instance: { host: 'alpha' }, rival: null });
  expect(doubles(agent.publicKey)).toEqual([]);
});

test('it takes over when the first has fallen silent; the first is cut off, refused, and its late reports count for nothing', async () => {
  const { provider, agent, copyOn } = await atWork();
  const accepted = stage.accepted(provider);
  await stage.say(facts.contractAccepted, accepted);
  await agent.command(accepted.contractId, 'provision');
  const late = agent.claimed(accepted.contractId);
  const copy = copyOn(instanceOn('beta'));
  stage.advance(301);
  await waitAtDoor(copy);
  await nextSecond();
  await copy.openSession();
  await eventually(() => agent.connection.isClosed(), { what: 'the first one to be cut off' });
  await expect(agent.openSession()).rejects.toMatchObject({
    ...HELD,
    message: expect.stringContaining('"beta"'),
  });
  await copy.connect();
  const before = await disbelieved('event');
  await copy.report(late);
  await eventually(async () => (await disbelieved('event')) === before + 1);
  expect(stage.said(facts.provisioningStarted, accepted.contractId)).toEqual([]);
  expect(doubles(agent.publicKey)).toMatchObject([{ what: 'taken-over', host: 'alpha', otherHost: 'beta' }]);
  expect(await shown(provider)).toMatchObject({ instance: { host: 'beta' }, rival: { host: 'alpha' } });
  await copy.beat();
  await copy.snapshot();
});

test('silence counts only for one that has been asking, so not after the platform itself was away', async () => {
  const { copyOn } = await atWork();
  const copy = copyOn(instanceOn('beta'));
  await expect(copy.openSession()).rejects.toMatchObject(HELD);
  stage.advance(3_600);
  await expect(copy.openSession()).rejects.toMatchObject(HELD);
  stage.advance(30);
  await expect(copy.openSession()).rejects.toMatchObject(HELD);
  stage.advance(30);
  await copy.openSession();
});

test('whoever leaves makes room at once, and nobody is told of two', async () => {
  const { provider, agent, copyOn } = await atWork();
  const copy = copyOn(instanceOn('beta'));
  await expect(copy.openSession()).rejects.toMatchObject(HELD);
  agent.publishHeartbeat({ ...agent.heartbeat(0), leaving: true });
  await agent.leave();
  await eventually(async () => (await shown(provider))?.instance === null);
  expect(await shown(provider)).toMatchObject({ online: false });
  await copy.openSession();
  expect(await shown(provider)).toMatchObject({ instance: { host: 'beta' }, rival: null });
  expect(doubles(agent.publicKey)).toEqual([]);
});

test('heartbeats and questions of a process that does not act as the agent are not heard', async () => {
  const { agent, first, copyOn } = await atWork();
  const again = copyOn({ ...first, instanceId: randomUUID() });
  await again.openSession();
  await again.connect();
  await again.beat(3);
  const before = await disbelieved('heartbeat');
  again.publishHeartbeat(agent.heartbeat(99));
  await eventually(async () => (await disbelieved('heartbeat')) === before + 1);
  const [row] = await stage.query<{ slots: number }>(
    'select free_slots as slots from agent where agent_public_key = $1',
    [agent.publicKey],
  );
  expect(row?.slots).toBe(3);
});

test('a look beside the agent takes nobody’s place, and nothing can be reported with it', async () => {
  const { provider, agent, copyOn } = await atWork();
  const session = await stage.ask(openAgentSession, { body: { visit: true } }, agent.caller);
  expect(await shown(provider)).toMatchObject({ instance: { host: 'alpha' }, rival: null });
  const visitor = copyOn(instanceOn('gamma'));
  visitor.session = session;
  await visitor.connect();
  const accepted = stage.accepted(provider);
  await stage.say(facts.contractAccepted, accepted);
  await agent.command(accepted.contractId, 'provision');
  await expect(visitor.report(visitor.claimed(accepted.contractId))).rejects.toThrow(/permission/i);
  expect(visitor.commands).toEqual([]);
  await expect(visitor.as({ ...instanceOn('x') }).openSession()).rejects.toMatchObject(HELD);
});

test('an older version that names no process is turned away beside one that does, over the broker and over HTTP', async () => {
  const { provider, agent } = await atWork();
  await expect(new ScriptedAgent(stage, provider, agent.key).openSession()).rejects.toMatchObject(HELD);
  const pool = await stage.pool(provider, 'apac');
  const polling = await PollingAgent.join(stage, provider, pool.poolId);
  expect(await polling.pending()).toEqual([]);
  const old = PollingAgent.withKey(stage, provider, pool.poolId, agent.key);
  await expect(old.beat()).rejects.toMatchObject(HELD);
  await expect(old.pending()).rejects.toMatchObject(HELD);
  await expect(old.reconcile()).rejects.toMatchObject(HELD);
  await expect(old.resets()).rejects.toMatchObject(HELD);
  await expect(old.lock(hex64())).rejects.toMatchObject(HELD);
  const agents = await stage.ask(listDelegations, { params: { pubkey: provider } }, user(provider));
  const doubled = agents.find(({ agentPubkey }) => agentPubkey === agent.publicKey);
  expect(doubled?.rival).toMatchObject({ kind: 'polling', host: null });
  stage.advance(301);
  await expect(old.beat()).resolves.toMatchObject({ acknowledged: true });
});

test('two that poll as one are seen by their heartbeats and told of; neither is turned away', async () => {
  const provider = hex64();
  const pool = await stage.pool(provider);
  const one = await PollingAgent.join(stage, provider, pool.poolId);
  const two = PollingAgent.withKey(stage, provider, pool.poolId, one.key);
  const ofHost = (cpuModel: string) => ({ resources: { cpuModel, cpuCores: 8, memoryTotalMb: 64_000 } });
  await one.beat(ofHost('EPYC'));
  await two.beat(ofHost('Xeon'));
  expect(doubles(one.publicKey)).toEqual([]);
  await one.beat(ofHost('EPYC'));
  const [told] = await eventually(() => doubles(one.publicKey).length > 0 && doubles(one.publicKey));
  expect(told).toMatchObject({ what: 'two-poll', providerPublicKey: provider });
  await two.beat(ofHost('Xeon'));
  expect(await shown(provider)).toMatchObject({
    online: true,
    instance: null,
    rival: { kind: 'two-polling' },
  });
  expect(doubles(one.publicKey)).toHaveLength(1);
});
