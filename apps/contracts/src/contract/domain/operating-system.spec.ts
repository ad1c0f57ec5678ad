import { operatingSystemOf } from './operating-system.ts';

test.each([
  [null, undefined, null],
  [null, 'Debian 12', null],
  ['', undefined, null],
  ['Debian 12', 'Ubuntu 24.04, Debian 12', 'Debian 12'],
  [' debian 12 ', 'Ubuntu 24.04,Debian 12', 'Debian 12'],
])('asked for %p where there is %p: %p', (asked, offered, system) => {
  expect(operatingSystemOf(asked, offered)).toBe(system);
});

test.each([
  ['Windows', undefined, 'this offering has no choice of systems'],
  ['Windows', ' , ', 'this offering has no choice of systems'],
  ['Windows', 'Ubuntu 24.04, Debian 12', 'choose one of: Ubuntu 24.04, Debian 12'],
  ['Debian', 'Debian 12', 'choose one of: Debian 12'],
])('%s where there is %p is refused', (asked, offered, why) => {
  expect(() => operatingSystemOf(asked, offered)).toThrow(`operating_system "${asked}": ${why}`);
});
