import { innerServiceNames } from '@decent-cloud/messages';
import type { Bus, Logger } from '@decent-cloud/runtime';
import { StatusBoard } from './platform-status.ts';

const KEPT_MS = 2_000;

function boardOf(answers: { offerings: () => Promise<unknown> }) {
  const asked = { pings: 0, searches: 0 };
  const time = { nowMs: 5_000 };
  const bus = {
    asker: {
      text: async () => {
        asked.pings++;
        return '{"data":{"version":"1"}}';
      },
    },
    ask: async (declaration: { subject: string }) => {
      if (declaration.subject.endsWith('count-for-rent')) return { count: 3 };
      asked.searches++;
      return answers.offerings();
    },
  };
  const logger = { debug: () => undefined };
  const board = new StatusBoard(
    bus as unknown as Bus,
    logger as unknown as Logger,
    () => time.nowMs,
    async () => [],
  );
  return { board, asked, time };
}

test('services are asked once for all who come within two seconds, and anew after them', async () => {
  const { board, asked, time } = boardOf({ offerings: async () => [] });
  const [first, second] = await Promise.all([board.getStatus(), board.getStatus()]);
  expect(second).toBe(first);
  expect(first).toMatchObject({ status: 'ok', offeringsForRent: 3 });
  time.nowMs += KEPT_MS - 100;
  expect(await board.getStatus()).toBe(first);
  expect(asked.pings).toBe(innerServiceNames.length);
  time.nowMs += 200;
  await board.getStatus();
  expect(asked.pings).toBe(2 * innerServiceNames.length);
});

test('offerings that do not answer are not asked by everybody who comes', async () => {
  const { board, asked, time } = boardOf({ offerings: () => Promise.reject(new Error('nobody answers')) });
  expect(await Promise.all([board.offeringsForRent(), board.offeringsForRent()])).toEqual([
    undefined,
    undefined,
  ]);
  expect(await board.offeringsForRent()).toBeUndefined();
  expect(asked.searches).toBe(1);
  time.nowMs += KEPT_MS + 100;
  await board.offeringsForRent();
  expect(asked.searches).toBe(2);
});
