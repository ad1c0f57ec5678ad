import { fileURLToPath } from 'node:url';
import { ensureConsumer } from '@decent-cloud/bus';
import { streams } from '@decent-cloud/messages';
import { eventually, GuardedProcess, printFigures } from '@decent-cloud/testing';
import { jetstream } from '@nats-io/jetstream';
import { OutboxStage } from './outbox-stage.ts';
import { READER } from './poison.ts';

const SCRIPT = fileURLToPath(new URL('./poisoned-reader.ts', import.meta.url));
/** It is started often: what is compiled is kept. */
const SOURCES = fileURLToPath(new URL('../../../tools/run-sources.mjs', import.meta.url));
let child: GuardedProcess | undefined;
let keeping: Promise<void> | undefined;
let isOver = false;
let ends = 0;
afterAll(async () => {
  isOver = true;
  await child?.end('SIGKILL');
  await keeping;
});

const stage = OutboxStage.forFile({ streams: [streams.FACTS, streams.DEAD_LETTERS, streams.ADVISORIES] });
beforeAll(async () => {
  await stage.database.query(
    'create table effect (id text primary key, at timestamptz not null default clock_timestamp())',
  );
  await ensureConsumer(stage.manager, READER);
  keeping = keepRunning();
}, 60_000);

/** As whoever runs services does: one that ended is started again. */
async function keepRunning(): Promise<void> {
  while (!isOver) {
    child = GuardedProcess.start({
      command: process.execPath,
      args: ['--conditions=source', `--import=${SOURCES}`, SCRIPT, stage.nats.url, stage.testDatabase.url],
    });
    await child.exited;
    if (!isOver) ends++;
  }
}

const KINDS = ['is no JSON', 'always fails', 'fails at first', 'ends the process'] as const;
const say = (id: string, kind: string) =>
  jetstream(stage.connection).publish(
    'evt.test.v1.said',
    kind === 'is no JSON' ? `{"id": ${id}` : JSON.stringify({ id, kind }),
    { msgID: id },
  );

const effects = async (prefix: string) =>
  (
    await stage.database.query<{ id: string; at: Date }>(
      `select id, at from effect where id like '${prefix}%'`,
    )
  ).map(({ id }) => id);
async function deadLetters(): Promise<{ text: string; reason: string }[]> {
  const { state } = await stage.manager.streams.info('DEAD_LETTERS');
  const letters: { text: string; reason: string }[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq++) {
    const message = await stage.manager.streams.getMessage('DEAD_LETTERS', { seq });
    if (message) letters.push({ text: message.string(), reason: message.header.get('Dc-Dead-Reason') });
  }
  return letters;
}
/** Nothing is lost from sight: what is stored is done, dead, pending or in hand. */
async function account() {
  const [{ state }, info, dead, done] = await Promise.all([
    stage.manager.streams.info('FACTS'),
    stage.manager.consumers.info('FACTS', READER.durable),
    stage.manager.streams.info('DEAD_LETTERS'),
    stage.database.query('select 1 from messaging.inbox'),
  ]);
  return {
    stored: state.messages,
    done: done.length,
    dead: dead.state.messages,
    pending: info.num_pending,
    'in hand': info.num_ack_pending,
  };
}
const isSettled = async () => {
  const { pending, 'in hand': inHand } = await account();
  return pending + inHand === 0;
};

test('forty messages that fail do not hold up a thousand good ones', async () => {
  for (let index = 0; index < 40; index++) await say(`failing-${index}`, 'always fails');
  for (let index = 0; index < 1_000; index++) await say(`good-${index}`, 'good');
  const started = performance.now();
  await eventually(async () => (await effects('good')).length === 1_000, { deadlineMs: 60_000 });
  const ms = performance.now() - started;
  const { dead } = await account();
  await eventually(isSettled, { deadlineMs: 120_000 });
  const last = performance.now() - started;
  printFigures('40 failing before 1,000 good', {
    'ms until all good ones were done': ms,
    'ms until all failing ones were put aside': last,
    'dead letters': (await account()).dead,
  });
  // A failing one is put aside after all its waits: the good ones have waited for none of that.
  expect(dead).toBe(0);
  expect(await account()).toEqual({ stored: 1_040, done: 1_000, dead: 40, pending: 0, 'in hand': 0 });
}, 240_000);

test('every poison ends in the dead letters with its reason, the rest is done, nothing is out of sight', async () => {
  const before = await account();
  const perKind = 4;
  for (let index = 0; index < 400; index++) {
    await say(`more-${index}`, 'good');
    const kind = index % 25 === 0 ? KINDS[(index / 25) % KINDS.length] : undefined;
    if (kind) await say(`${kind.replaceAll(' ', '-')}-${index}`, kind);
  }
  await eventually(isSettled, { deadlineMs: 300_000, everyMs: 200 });
  const letters = (await deadLetters()).slice(before.dead);
  const after = await account();
  const reasons = new Map<string, number>();
  for (const { reason } of letters) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  printFigures('poison', { ...after, 'ends of the process': ends, ...Object.fromEntries(reasons) });
  expect(after.stored - before.stored).toBe(400 + perKind * KINDS.length);
  expect(after.done + after.dead).toBe(after.stored);
  expect(await effects('more')).toHaveLength(400);
  expect(await effects('fails-at-first')).toHaveLength(perKind);
  expect(letters).toHaveLength(3 * perKind);
  expect(letters.every(({ reason }) => reason.length > 5)).toBe(true);
  expect(letters.filter(({ text }) => text.includes('ends the process'))).toHaveLength(perKind);
  expect(reasons.get('3 processes ended while they worked on it')).toBe(perKind);
  expect(reasons.get('this one never works')).toBe(perKind);
  // It was not for want of deaths, and no more than it takes to be sure.
  expect(ends).toBeGreaterThanOrEqual(4);
  expect(await stage.database.query('select 1 from messaging.attempt')).toEqual([]);
  expect((await stage.manager.streams.info('ADVISORIES')).state.messages).toBe(0);
}, 400_000);
