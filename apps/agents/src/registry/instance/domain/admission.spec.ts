import { secondsToNs } from '@decent-cloud/kernel';
import {
  type AtTheDoor,
  admission,
  bothLive,
  type Holder,
  type Instance,
  isToBeTold,
  stillCounts,
} from './admission.ts';

const NOW = secondsToNs(1_795_414_881);
const ago = (seconds: number) => NOW - secondsToNs(seconds);
const first: Instance = { instanceId: 'first', host: 'alpha', place: 'here', boot: 'monday' };
const holder = (heardAgo: number): Holder => ({ ...first, beganAtNs: ago(9_000), heardAtNs: ago(heardAgo) });
const copy: Instance = { instanceId: 'second', host: 'beta', place: 'elsewhere', boot: 'sunday' };
const door = (since: number, seen = 20): AtTheDoor => ({
  instanceId: 'second',
  sinceNs: ago(since),
  seenNs: ago(seen),
});
const REFUSED = { admit: 'refused' };

test('the first one begins; it goes on as often as it asks', () => {
  expect(admission(first, undefined, undefined, NOW)).toEqual({ admit: 'new' });
  expect(admission(first, holder(9_000), undefined, NOW)).toEqual({ admit: 'same' });
});

test('a new start in the same place gets in at once, however lately the one before was heard', () => {
  const again = { ...first, instanceId: 'again' };
  expect(admission(again, holder(0), undefined, NOW)).toEqual({ admit: 'new', ended: 'restart' });
});

test('a copy is refused while the first one lives, however long it waits', () => {
  expect(admission(copy, holder(0), undefined, NOW)).toEqual(REFUSED);
  expect(admission(copy, holder(15), door(86_400), NOW)).toEqual(REFUSED);
  expect(admission(copy, holder(299), door(86_400), NOW)).toEqual(REFUSED);
});

test('it takes over when the first one has been silent for five minutes, and it has asked for one', () => {
  expect(admission(copy, holder(300), door(60), NOW)).toEqual({ admit: 'new', ended: 'silence' });
  expect(admission(copy, holder(9_000), undefined, NOW)).toEqual(REFUSED);
  expect(admission(copy, holder(9_000), door(59), NOW)).toEqual(REFUSED);
});

test('after a break, in which nobody may have been heard, its wait begins anew', () => {
  expect(admission(copy, holder(9_000), door(3_600, 91), NOW)).toEqual(REFUSED);
  expect(admission({ ...copy, instanceId: 'third' }, holder(9_000), door(3_600), NOW)).toEqual(REFUSED);
});

test('after a new start of the host, or of a copy of its disk, missed heartbeats show that the first one is gone', () => {
  const booted = { ...copy, place: 'here', boot: 'tuesday' };
  expect(admission(booted, holder(44), door(60), NOW)).toEqual(REFUSED);
  expect(admission(booted, holder(45), door(59), NOW)).toEqual(REFUSED);
  expect(admission(booted, holder(45), door(60), NOW)).toEqual({ admit: 'new', ended: 'reboot' });
});

test('an older version that names no instance is held to the same', () => {
  const unnamed: AtTheDoor = { ...door(60), instanceId: null };
  expect(admission(undefined, undefined, undefined, NOW)).toEqual({ admit: 'new' });
  expect(admission(undefined, holder(0), unnamed, NOW)).toEqual(REFUSED);
  expect(admission(undefined, holder(300), unnamed, NOW)).toEqual({ admit: 'new', ended: 'silence' });
});

test('two are at work for sure when the first one was heard after the second had asked', () => {
  expect(bothLive(holder(0), door(20))).toBe(true);
  expect(bothLive(holder(20), door(20))).toBe(false);
  expect(bothLive(holder(15), door(20))).toBe(false);
});

test('it is told once a day', () => {
  expect(isToBeTold(null, NOW)).toBe(true);
  expect(isToBeTold(ago(86_399), NOW)).toBe(false);
  expect(isToBeTold(ago(86_400), NOW)).toBe(true);
});

test('what one that ended in order had said still counts; not the word of one that was given up', () => {
  expect((['left', 'restart', 'reboot'] as const).map(stillCounts)).toEqual([true, true, true]);
  expect([stillCounts('silence'), stillCounts(undefined)]).toEqual([false, false]);
});
