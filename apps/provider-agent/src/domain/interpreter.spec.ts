import { interpreterOf, noteOnEnd, withoutMark } from './interpreter.ts';

test.each([
  ['echo hi', undefined],
  ['', undefined],
  [' #!/bin/sh', undefined],
  ['#!/bin/sh\necho', '/bin/sh'],
  ['#! \t/usr/bin/env  python3 -u\n', '/usr/bin/env'],
  ['#!/bin/sh\r\necho\r\n', '/bin/sh\r'],
  ['#!/bin/sh -e\r\necho\r\n', '/bin/sh'],
  ['#!\n', ''],
  ['#!/bin/sh', '/bin/sh'],
])('%j names %j', (script, interpreter) => {
  expect(interpreterOf(script)).toBe(interpreter);
});

test('marks in front are taken off, and only there', () => {
  expect(withoutMark('\uFEFF#!/bin/sh\necho \uFEFF')).toBe('#!/bin/sh\necho \uFEFF');
});

test('what a shell does not say of line ends is added, where it could be the reason', () => {
  expect(noteOnEnd('#!/bin/sh\r\n', 127)).toContain('"/bin/sh\\r", is not there: the lines end with CR LF');
  expect(noteOnEnd('#!/bin/sh\r\n', 1)).toBe('');
  expect(noteOnEnd('#!/bin/sh\nnowhere', 127)).toBe('');
  expect(noteOnEnd('nowhere\r\n', 127)).toBe('');
});
