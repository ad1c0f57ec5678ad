import { bytesToHex } from '@decent-cloud/identity';
import { sourceMaps } from './sources.mjs';

/** Types are nothing at run time: below them, lines of what runs are others than those of the source. */
interface Nothing {
  readonly one: string;
  readonly another: string;
}

test('stack traces name lines and columns of the sources', () => {
  const nothing: Nothing = { one: '', another: '' };
  const { stack = '' } = new Error(nothing.one);
  expect(stack.split('\n')[1]).toMatch(/tools\/specs\/sources\.spec\.ts:12:\d+/);
});

test('libraries are loaded from their sources, once for all spec files of a process', () => {
  expect(bytesToHex(new Uint8Array([255]))).toBe('ff');
  expect([...sourceMaps.keys()].filter((url) => url.endsWith('libs/identity/src/index.ts'))).toHaveLength(1);
});
