import { MessageAges } from './message-age.ts';

/** Two processes whose clocks count from different moments. */
function pair() {
  const ages = new MessageAges();
  return (sentMs: number, receivedMs: number, sender = 'gateway/1', stoodStillMs = 0) =>
    ages.of(sender, sentMs + 7_000_000, receivedMs + 123, stoodStillMs);
}

test('what lay for a minute is a minute old; what comes then is new', () => {
  const ageOf = pair();
  ageOf(1_000, 1_004);
  expect(ageOf(2_000, 2_001)).toBe(0);
  expect(ageOf(3_000, 63_000)).toBeCloseTo(59_999, -2);
  expect(ageOf(63_000, 63_001)).toBeLessThan(20);
});

test('of an unknown sender, what came while this process stood still may be as old as that', () => {
  const ageOf = pair();
  expect(ageOf(1_000, 61_000, 'gateway/1', 60_000)).toBe(60_000);
  expect(ageOf(2_000, 61_000, 'gateway/1', 60_000)).toBe(60_000);
  expect(ageOf(61_100, 61_101)).toBe(0);
});

test('each process counts for itself', () => {
  const ageOf = pair();
  ageOf(1_000, 1_001);
  expect(ageOf(1_000, 6_001)).toBeCloseTo(5_000, -1);
  expect(ageOf(1_000, 6_001, 'gateway/2')).toBe(0);
});

test('clocks that part slowly, over a day without a message, do not make a new one old', () => {
  const ages = new MessageAges();
  const day = 86_400_000;
  ages.of('a', 0, 0, 0);
  // 100 ppm, as bad quartzes have.
  expect(ages.of('a', day, day * 1.0001, 0)).toBe(0);
});

test('senders are remembered up to a number, the newest', () => {
  const ageOf = pair();
  for (let sender = 0; sender < 3_000; sender++) ageOf(1_000, 1_001, `gateway/${sender}`);
  expect(ageOf(1_000, 61_001, 'gateway/2999')).toBeCloseTo(60_000, -2);
  expect(ageOf(1_000, 61_001, 'gateway/0')).toBe(0);
});
