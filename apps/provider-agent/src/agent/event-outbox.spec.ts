import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair, verifyMessage } from '@decent-cloud/identity';
import { systemClock } from '@decent-cloud/kernel';
import { Journal } from '../journal/journal.ts';
import { createLogger } from '../log.ts';
import { EventOutbox } from './event-outbox.ts';
import { signWith } from './sign.ts';

const FIRST = '0190a5b0-7c1d-7e3a-8f00-000000000001';
const SECOND = '0190a5b0-7c1d-7e3a-8f00-000000000002';
const keys = generateKeyPair();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dc-outbox-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function outboxOf(journal: Journal, instanceId: string | undefined, published: string[]) {
  return new EventOutbox({
    journal,
    sign: signWith(keys.seed),
    agentPublicKey: keys.publicKeyHex,
    instanceId,
    now: systemClock,
    logger: createLogger('text', 'silent'),
    publish: async (_kind, text) => void published.push(text),
    onFatal: (error) => {
      throw error;
    },
  });
}

test.each([
  ['an earlier process', FIRST],
  ['a command beside the agent', undefined],
])(
  'what %s left in the journal is told by the one that runs now: the same event under its name',
  async (_, earlier) => {
    const journal = await Journal.open(join(folder, `${earlier}.db`), systemClock);
    const draft = await outboxOf(journal, earlier, []).draft({
      kind: 'terminated',
      contractId: 'ab'.repeat(32),
      generation: 3,
    });
    await journal.write([draft.entry]);
    const published: string[] = [];
    const outbox = outboxOf(journal, SECOND, published);
    outbox.start();
    await outbox.whenAllSent();
    await outbox.repeat(draft.eventId);
    await outbox.stop();
    await journal.close();
    expect(published).toHaveLength(2);
    const stored = JSON.parse(draft.entry.t === 'event' ? draft.entry.text : '');
    for (const text of published) {
      const event = JSON.parse(text);
      expect(verifyMessage(keys.publicKeyHex, event)).toBe(true);
      expect(event).toEqual({ ...stored, instanceId: SECOND, sig: event.sig });
    }
  },
);
