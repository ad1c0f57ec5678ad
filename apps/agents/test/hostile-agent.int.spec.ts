import { streams } from '@decent-cloud/messages';
import { revokeDelegation } from '@decent-cloud/messages/agents';
import { agentExports, newAccountWithoutSeed } from '@decent-cloud/nats-auth';
import { eventually, printFigures } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { HostileStage } from './hostile/hostile-stage.ts';
import { user } from './people.ts';

/** A hostile agent with good credentials says and asks all that can be said and asked, with every reply subject. */
jest.setTimeout(240_000);
const hostile = HostileStage.forFile();
const { stage } = hostile;

test.each([
  ['an agent with the session that it was given', () => hostile.asAgent()],
  [
    'a user of the agent’s account who may say and hear everything in it',
    async () => ({ ...(await hostile.asAgent()), connection: await stage.hub.user(hostile.agent.account) }),
  ],
])('%s reaches nothing outside its own', async (who, attackerOf) => {
  const attacker = await attackerOf();
  const { told, all, outside, before, after, leaked, storedOutside } = await hostile.attack(who, attacker);
  expect(outside.slice(0, 3)).toEqual([]);
  expect(storedOutside).toBe(0);
  expect(after.found).toEqual(before.found);
  expect(leaked.slice(0, 3)).toEqual([]);
  expect(attacker.connection.isClosed()).toBe(false);
  // Nobody was blind, and nothing was left out.
  expect(all.length).toBeGreaterThan(told.pairs / 2);
  expect(after.ofOwn - before.ofOwn).toBeGreaterThan((streams.AGENT_EVT.perSubject.messages * 9) / 10);
  expect(told.pairs).toBe(told.permitted * (told.subjects + told.api));
  expect(told.subjects).toBeGreaterThan(150);
  expect(told.api).toBeGreaterThan(500);
  await attacker.connection.close();
});

test('the coordinator, back at work, acts on none of it', async () => {
  await stage.startService();
  const rows = () =>
    stage.query(
      'select agent_public_key, account_public_key, revoked_at_ns, desired_version, unknown_machines from agent order by 1',
    );
  const agents = await rows();
  await eventually(async () => (await stage.metric('dc_agent_events_waiting', 'state="pending"')) === 0, {
    deadlineMs: 150_000,
    everyMs: 500,
  });
  const disbelieved = await stage.metric('dc_agent_messages_disbelieved_total', 'channel="event"');
  const believed = await stage.metric('dc_agent_events_total');
  printFigures('the coordinator afterwards', { 'forged events disbelieved': disbelieved, believed });
  expect(believed).toBe(0);
  expect(disbelieved).toBeGreaterThan((streams.AGENT_EVT.perSubject.messages * 9) / 10);
  expect(await rows()).toEqual(agents);
  expect(await stage.query('select 1 from assignment')).toEqual([]);
  expect(stage.heardOf('evt.agents.')).toEqual([]);
}, 240_000);

test('revocation cuts it at once', async () => {
  const { connection } = await hostile.asAgent();
  const started = performance.now();
  await stage.ask(
    revokeDelegation,
    { params: { pubkey: hostile.provider, agent_pubkey: hostile.agent.publicKey } },
    user(hostile.provider),
  );
  await eventually(() => connection.isClosed(), { deadlineMs: 30_000, everyMs: 5 });
  printFigures('revocation', { 'ms until the connection was cut': performance.now() - started });
  await expect(hostile.asAgent()).rejects.toThrow();
});

test('permissions inside one shared account do not hold it: the same attack comes through', async () => {
  const own = newAccountWithoutSeed();
  const connection = await stage.hub.user('hub', {
    pub: { allow: agentExports.map(({ subject }) => subject.replace('*', own)) },
    sub: { allow: ['_INBOX.>'] },
  });
  await stage.service.stop();
  await stage.stopListening();
  const { outside, before, after } = await hostile.attack('a user of one shared account', {
    connection,
    own,
    apiPrefix: '$JS.API',
  });
  expect(outside.length).toBeGreaterThan(1_000);
  expect(after.streams).toBeLessThan(before.streams);
  expect(after.found).not.toEqual(before.found);
});
