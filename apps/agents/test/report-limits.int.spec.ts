import { ensureStream } from '@decent-cloud/bus';
import { agentSubjects, streams } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { ScriptedAgent } from './scripted-agent.ts';
import { Stage } from './stage.ts';

jest.setTimeout(120_000);
const { messages: LIMIT } = streams.AGENT_EVT.perSubject;
const MIB = 1024 ** 2;
const stage = Stage.forFile();
let manager: JetStreamManager;
beforeAll(async () => {
  manager = await jetstreamManager(await stage.hub.service('admin'));
});

/** Says it so many times, each as a message of its own and of a kind of its own. @returns how many were stored */
async function say(
  agent: ScriptedAgent,
  text: string | Uint8Array,
  times: number,
  kindOf = (n: number) => `k${n}`,
) {
  const js = jetstream(agent.connection, { apiPrefix: agent.session.apiPrefix });
  let stored = 0;
  for (let from = 0; from < times; from += 100) {
    const some = Array.from({ length: Math.min(100, times - from) }, (_, n) =>
      js.publish(agentSubjects.event(agent.account, kindOf(from + n)), text).then(
        () => stored++,
        () => undefined,
      ),
    );
    await Promise.all(some);
  }
  return stored;
}
const waiting = async (stream: string, { account }: ScriptedAgent) => {
  const { state } = await manager.streams.info(stream, { subjects_filter: '>' });
  return Object.entries(state.subjects ?? {}).reduce(
    (sum, [subject, count]) => sum + (subject.includes(account) ? count : 0),
    0,
  );
};

test('what one agent says is limited, under whatever names; others are heard, and all is processed', async () => {
  const [{ agent: flooding }, { agent: quiet }] = [await stage.oneAgent(), await stage.oneAgent()];
  await stage.service.stop();
  expect(await say(flooding, 'junk', LIMIT + 50)).toBe(LIMIT);
  expect(await say(flooding, 'junk', 1)).toBe(0);
  expect(await waiting('AGENT_EVT', flooding)).toBe(LIMIT);
  expect(await say(quiet, JSON.stringify({}), 20)).toBe(20);

  await stage.startService();
  await eventually(
    async () => (await waiting('AGENT_EVT', flooding)) + (await waiting('AGENT_EVT', quiet)) === 0,
    {
      deadlineMs: 60_000,
      what: 'a stream that is clear again',
    },
  );
  expect(await say(flooding, 'junk', 1)).toBe(1);
  expect(await waiting('DEAD_LETTERS', flooding)).toBeLessThanOrEqual(
    streams.DEAD_LETTERS.perSubject.messages,
  );
  expect(await waiting('DEAD_LETTERS', quiet)).toBe(20);
});

test('of what is not believed the dead letters have the beginning; too large a message is refused', async () => {
  const { agent } = await stage.oneAgent();
  expect(await say(agent, new Uint8Array(MIB - 1_024).fill(0x20), 3)).toBe(3);
  await eventually(async () => (await waiting('DEAD_LETTERS', agent)) === 3);
  const subject = `dlq.agent-events.agent.evt.v1.${agent.account}`;
  const letter = await manager.streams.getMessage('DEAD_LETTERS', { last_by_subj: subject });
  expect(letter?.data).toHaveLength(4_096);
  expect(letter?.header?.get('Dc-Dead-Bytes')).toBe(String(MIB - 1_024));
  expect(manager.streams.info('AGENT_EVT')).resolves.toMatchObject({ config: { max_msg_size: MIB } });
});

test('a stream of an older version gets the limits while messages are in it', async () => {
  const { keptAs: _keptAs, perSubject: _perSubject, maxMessageBytes: _most, ...older } = streams.AGENT_EVT;
  const old = { ...older, name: 'OLD', subjects: ['old.>'] };
  await ensureStream(manager, old);
  const js = jetstream(await stage.hub.service('admin'));
  await js.publish('old.a.claimed', 'x');
  const { messages, beyond } = streams.AGENT_EVT.perSubject;
  const keptAs = { from: 'old.*.*', to: 'old.{{wildcard(1)}}' };
  await ensureStream(manager, { ...old, subjects: ['old.*.*'], keptAs, perSubject: { messages, beyond } });
  await js.publish('old.a.claimed', 'y');
  const { state } = await manager.streams.info('OLD', { subjects_filter: '>' });
  expect(state.subjects).toEqual({ 'old.a': 1, 'old.a.claimed': 1 });
});
