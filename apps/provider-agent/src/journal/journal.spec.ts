import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JournalEntry } from '../domain/journal-entry.stored.ts';
import type { MachineRecord } from '../domain/record.ts';
import type { Disk } from './disk.ts';
import { Journal } from './journal.ts';
import { JournalDamagedError } from './journal-file.ts';

let folder: string;
let path: string;
const DAY_NS = 86_400_000_000_000n;
let nowNs = 100n * DAY_NS;
const opened: Journal[] = [];
async function open(): Promise<Journal> {
  const journal = await Journal.open(path, () => nowNs);
  opened.push(journal);
  return journal;
}
const machine = (contractId: string, over: Partial<MachineRecord> = {}): JournalEntry => ({
  t: 'machine',
  record: { contractId, generation: 1, phase: 'running', changedAtNs: nowNs.toString(), ...over },
});
const event = (eventId: string, seq: number): JournalEntry => ({
  t: 'event',
  eventId,
  kind: 'claimed',
  seq,
  text: '{}',
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dc-journal-'));
  path = join(folder, 'journal.db');
  nowNs = 100n * DAY_NS;
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((journal) => journal.close()));
  await rm(folder, { recursive: true, force: true });
});

test('what was written is there after a restart, without a farewell', async () => {
  const first = await open();
  await first.write([machine('a', { resultEventId: 'e1' }), event('e1', 1)]);
  await first.write([event('e2', 2)]);
  await first.write([{ t: 'sent', eventId: 'e1' }]);
  await first.write([{ t: 'snapshot', atNs: '5', version: '6' }]);
  const second = await open();
  expect(second.state.machines.get('a')).toMatchObject({ phase: 'running' });
  expect(second.state.pending().map(({ eventId }) => eventId)).toEqual(['e2']);
  expect(second.state.events.get('e1')).toMatchObject({ sent: true });
  expect(second.state.snapshot).toEqual({ atNs: '5', version: '6' });
  await second.close();
});

test('a last line that is torn is left out, whole batches only, and writing goes on behind it', async () => {
  const first = await open();
  await first.write([machine('a')]);
  await first.close();
  const whole = JSON.stringify([machine('b'), event('e1', 1)]);
  await appendFile(path, whole.slice(0, -5));
  const second = await open();
  expect([...second.state.machines.keys()]).toEqual(['a']);
  await second.write([machine('c')]);
  await second.close();
  expect([...(await open()).state.machines.keys()]).toEqual(['a', 'c']);
});

test('damage in the middle stops the start instead of forgetting machines', async () => {
  const first = await open();
  await first.write([machine('a')]);
  await first.close();
  await writeFile(path, `garbage\n${await readFile(path, 'utf8')}`);
  await expect(open()).rejects.toThrow(JournalDamagedError);
});

test('one changed letter stops the start, though the line can be read', async () => {
  const first = await open();
  await first.write([machine('a')]);
  await first.close();
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace('"running"', '"stopped"'));
  await expect(open()).rejects.toThrow(`line 1 of ${path} cannot be read`);
  await writeFile(path, text);
  expect((await open()).state.machines.get('a')).toMatchObject({ phase: 'running' });
});

test('a journal of an older version is read, and is written with checksums and versions', async () => {
  await writeFile(path, `${JSON.stringify([machine('a')])}\n`);
  const journal = await open();
  await journal.write([machine('b')]);
  await journal.close();
  for (const line of (await readFile(path, 'utf8')).trimEnd().split('\n'))
    expect(line).toMatch(/^[0-9a-f]{8} \[\{"v":1,/);
  expect([...(await open()).state.machines.keys()]).toEqual(['a', 'b']);
});

test('no number is given to two events, restarts included', async () => {
  const first = await open();
  const numbers = [await first.nextSeq(), await first.nextSeq()];
  const second = await open();
  numbers.push(await second.nextSeq());
  await second.close();
  expect(new Set(numbers).size).toBe(3);
  expect(numbers[2]).toBeGreaterThan(numbers[1] as number);
});

test('compaction keeps what runs, results and what waits, and forgets what is long gone', async () => {
  const first = await open();
  await first.write([
    machine('gone', { phase: 'gone', resultEventId: 'e1' }),
    event('e1', 1),
    { t: 'sent', eventId: 'e1' },
  ]);
  await first.write([machine('runs', { resultEventId: 'e2' }), event('e2', 2), { t: 'sent', eventId: 'e2' }]);
  await first.write([event('e3', 3)]);
  await first.close();
  nowNs += 8n * DAY_NS;
  const second = await open();
  expect([...second.state.machines.keys()]).toEqual(['runs']);
  expect([...second.state.events.keys()].sort()).toEqual(['e2', 'e3']);
  await second.close();
  const third = await open();
  expect(third.state.events.get('e2')).toMatchObject({ sent: true });
  expect(third.state.pending().map(({ eventId }) => eventId)).toEqual(['e3']);
  await third.close();
});

test('a journal that grows is made small while it is written to, and loses nothing', async () => {
  const journal = await open();
  const writes = Array.from({ length: 3_000 }, (_, index) =>
    journal.write([machine(`m${index % 7}`, { generation: index + 1 })]),
  );
  await Promise.all(writes);
  await journal.write([machine('last')]);
  await journal.close();
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n').length;
  expect(lines).toBeLessThan(2_100);
  const state = (await open()).state;
  expect(state.machines.size).toBe(8);
  expect(Math.max(...[...state.machines.values()].map(({ generation }) => generation))).toBe(3_000);
});

test('one that cannot be written says so once, to whoever has to end the program', async () => {
  let isFull = false;
  const disk: Disk = {
    path: 'a disk that fills up',
    read: async () => undefined,
    open: async () => undefined,
    append: async () => {
      if (isFull) throw new Error('no space left on device');
    },
    replace: async () => undefined,
    close: async () => undefined,
  };
  const journal = await Journal.on(disk, () => 0n);
  const told: unknown[] = [];
  journal.onBroken((error) => told.push(error));
  await journal.write([{ t: 'sent', eventId: 'a' }]);
  expect(told).toEqual([]);
  isFull = true;
  await expect(journal.write([{ t: 'sent', eventId: 'b' }])).rejects.toThrow('no space left');
  isFull = false;
  await expect(journal.write([{ t: 'sent', eventId: 'c' }])).rejects.toThrow('no space left');
  expect(told).toEqual([new Error('no space left on device')]);
});

test('what comes after its end is refused, which is no fault of the disk', async () => {
  const journal = await open();
  const told: unknown[] = [];
  journal.onBroken((error) => told.push(error));
  await journal.close();
  await expect(journal.write([{ t: 'sent', eventId: 'a' }])).rejects.toThrow('closed');
  expect(told).toEqual([]);
});
