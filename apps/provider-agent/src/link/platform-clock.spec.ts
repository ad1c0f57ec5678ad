import { secondsToNs } from '@decent-cloud/kernel';
import { PlatformClock } from './platform-clock.ts';

const HOUR = 3_600;

/** A host with two clocks; the platform was heard at the beginning, when it was `ahead` of the host. */
function host(ahead: number) {
  const at = { wall: 1_000_000, monotonic: 500 };
  const clock = new PlatformClock(
    () => secondsToNs(at.wall),
    () => secondsToNs(at.monotonic),
  );
  clock.hear(secondsToNs(at.wall + ahead));
  const pass = (seconds: number) => {
    at.wall += seconds;
    at.monotonic += seconds;
  };
  return { at, clock, pass };
}

test('before the platform is heard the clock of the host counts, and it is known that nobody was heard', () => {
  const clock = new PlatformClock(() => 7n);
  expect([clock.now(), clock.isKnown, clock.hasParted()]).toEqual([7n, false, false]);
});

test.each([0, 2 * HOUR, -2 * HOUR])('a platform that is %i s ahead is followed', (ahead) => {
  const { clock, pass } = host(ahead);
  pass(90);
  expect(clock.now()).toBe(secondsToNs(1_000_090 + ahead));
  expect(clock.hasParted()).toBe(false);
});

test.each([-2 * HOUR, 2 * HOUR, 3])(
  'a host whose clock is set by %i s while it runs keeps the time of the platform, and asks for it again',
  (by) => {
    const { at, clock, pass } = host(-by);
    pass(60);
    at.wall -= by;
    expect(clock.now()).toBe(secondsToNs(1_000_060 - by));
    expect(clock.hasParted()).toBe(true);
    clock.hear(secondsToNs(at.wall));
    expect(clock.hasParted()).toBe(false);
    pass(60);
    expect(clock.now()).toBe(secondsToNs(at.wall));
  },
);

test('a host that has slept asks again', () => {
  const { at, clock } = host(0);
  at.wall += HOUR;
  expect(clock.hasParted()).toBe(true);
});

test('a clock that is slewed by a second is no other clock', () => {
  const { at, clock, pass } = host(0);
  pass(HOUR);
  at.wall += 1;
  expect(clock.hasParted()).toBe(false);
});
