import { secondsToNs } from '@decent-cloud/kernel';
import { ClockWatch, isClockWrong } from './clock-watch.ts';
import type { Logger } from './logging.ts';
import { Metrics } from './metrics.ts';

const HOUR = 3_600;

/** A host whose clock is `ahead` of a reference that is right; time goes on by hand. */
function stage(ahead: number) {
  const state = { seconds: 1_000_000, ahead, answers: true, answerSeconds: 0, asked: 0, slept: 0 };
  const errors: string[] = [];
  const watch = new ClockWatch({
    clock: () => secondsToNs(state.seconds + state.ahead),
    monotonicNs: () => secondsToNs(state.seconds - state.slept),
    reference: async () => {
      state.asked++;
      if (!state.answers) throw new Error('no answer');
      const told = secondsToNs(state.seconds);
      state.seconds += state.answerSeconds;
      return told;
    },
    referenceName: 'the database',
    metrics: new Metrics('test'),
    logger: {
      error: (text: string) => errors.push(text),
      warn: () => undefined,
      info: () => undefined,
    } as unknown as Logger,
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { state, watch, errors, settled };
}
const stops: ClockWatch[] = [];
afterEach(async () => {
  for (const watch of stops.splice(0)) await watch.stop();
});
const started = async (ahead: number) => {
  const all = stage(ahead);
  stops.push(all.watch);
  await all.watch.start();
  return all;
};

test.each([0, 4, -4])('a clock that is %i s ahead tells the time', async (ahead) => {
  const { watch, state } = await started(ahead);
  expect(watch.now()).toBe(secondsToNs(state.seconds + ahead));
  await expect(watch.check()).resolves.toBeUndefined();
});

test.each([
  [2 * HOUR, '7200 s ahead of that of the database'],
  [6, '6 s ahead of that of the database'],
  [-2 * HOUR, '7200 s behind that of the database'],
])('one that is %i s ahead tells nothing, and says so once in the log', async (ahead, text) => {
  const { watch, errors } = await started(ahead);
  expect(watch.isTrusted()).toBe(false);
  expect(() => watch.now()).toThrow(expect.objectContaining({ code: 'UNAVAILABLE', reason: 'CLOCK_WRONG' }));
  await expect(watch.check()).rejects.toThrow(text);
  await expect(watch.check()).rejects.toThrow('set them by NTP');
  expect(errors).toEqual([expect.stringContaining(text)]);
});

test('one that is set wrongly between two comparisons is noticed at its next reading, and so is its correction', async () => {
  const { watch, state } = await started(0);
  state.seconds += 10;
  state.ahead = 2 * HOUR;
  expect(() => watch.now()).toThrow('A clock of the platform is wrong');
  state.ahead = 0;
  state.answers = false;
  state.seconds += 1;
  expect(watch.now()).toBe(secondsToNs(state.seconds));
  // And the other way round: it was wrong when it was compared.
  const late = await started(-HOUR);
  late.state.ahead = 0;
  expect(late.watch.isTrusted()).toBe(true);
});

test('a host that has slept is compared again and goes on', async () => {
  const { watch, state, settled } = await started(0);
  state.seconds += 10 * HOUR + 2;
  state.slept = 10 * HOUR;
  expect(watch.isTrusted()).toBe(false);
  expect(() => watch.now()).toThrow();
  await settled();
  expect(watch.now()).toBe(secondsToNs(state.seconds));
});

test('an answer that took long proves nothing against the clock; none at all neither', async () => {
  const slow = stage(0);
  stops.push(slow.watch);
  slow.state.answerSeconds = 12;
  await slow.watch.start();
  expect(slow.watch.isTrusted()).toBe(true);
  const silent = stage(2 * HOUR);
  stops.push(silent.watch);
  silent.state.answers = false;
  await silent.watch.start();
  expect(silent.watch.isTrusted()).toBe(true);
  silent.state.answers = true;
  await silent.watch.start();
  expect(silent.watch.isTrusted()).toBe(false);
});

test('many who ask while it is wrong make one comparison a second', async () => {
  const { watch, state, settled } = await started(HOUR);
  for (let second = 0; second < 3; second++) {
    for (let reader = 0; reader < 100; reader++) expect(() => watch.now()).toThrow();
    await settled();
    state.seconds += 2;
  }
  expect(state.asked).toBe(3);
});

test('its refusal is known by its reason', async () => {
  const { watch } = await started(HOUR);
  let refusal: unknown;
  try {
    watch.now();
  } catch (error) {
    refusal = error;
  }
  expect(isClockWrong(refusal)).toBe(true);
  expect(isClockWrong(new Error('CLOCK_WRONG'))).toBe(false);
});
