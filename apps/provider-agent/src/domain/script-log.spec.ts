import { SCRIPT_LOG_BYTES, SCRIPT_LOG_JSON_BYTES, scriptLog } from '@decent-cloud/messages/facts';
import { outputsOf, scriptLogOf } from './script-log.ts';

const KIB_256 = 256 * 1_024;
const jsonBytes = (text: string) => Buffer.byteLength(JSON.stringify(text));

test('what fits stays as it is; of more the end', () => {
  expect(scriptLogOf('done\n')).toBe('done\n');
  expect(scriptLogOf('')).toBe('');
  expect(scriptLogOf('x'.repeat(KIB_256))).toHaveLength(KIB_256);
  const long = scriptLogOf(`begin${'x'.repeat(KIB_256)}end`);
  expect(Buffer.byteLength(long)).toBe(KIB_256);
  expect(long.endsWith('xend')).toBe(true);
});

test.each([
  ['control characters', '\u0001'],
  ['quotes', '"\\'],
  ['wide characters', 'ä€😀'],
  ['no text at all', '\0\uD83D\uFFFD'],
  ['escapes of a terminal', '\u001B[31mred\u001B[0m'],
])('%s: it fits a message as JSON, and is stored as it is', (_, piece) => {
  const log = scriptLogOf(piece.repeat(200_000));
  expect(log.length).toBeGreaterThan(KIB_256 / 8);
  expect(Buffer.byteLength(log)).toBeLessThanOrEqual(SCRIPT_LOG_BYTES);
  expect(jsonBytes(log)).toBeLessThanOrEqual(SCRIPT_LOG_JSON_BYTES);
  expect(log.isWellFormed()).toBe(true);
  expect(log).not.toContain('\0');
  expect(scriptLog().parse(log)).toBe(log);
});

test('a character is not cut in two', () => {
  const log = scriptLogOf(`😀${'x'.repeat(KIB_256 - 2)}`);
  expect(log).toBe('x'.repeat(KIB_256 - 2));
});

test('what a script says about faults follows what it says', () => {
  expect(outputsOf('out', '')).toBe('out');
  expect(outputsOf('out', 'err')).toBe('out\n--- stderr ---\nerr');
});
