import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Lower case; a bar or a part of a name. None: everything. */
  readonly wanted: readonly string[];
  readonly json: boolean;
  /** Also with a million offerings. */
  readonly million: boolean;
  readonly list: boolean;
  readonly help: boolean;
}

export const USAGE =
  'npm run bench -- [--json] [--million] [--list] [--help] [BAR or part of a name ...]   for example: npm run bench -- P3 search';

/** @throws TypeError for options that do not exist */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      million: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return { ...values, wanted: positionals.map((word) => word.toLowerCase()) };
}

/** `P1` is that bar and not P14; other words are looked for in names. */
export function isWanted(
  wanted: readonly string[],
  line: { readonly bar: string | undefined; readonly name: string },
): boolean {
  if (wanted.length === 0) return true;
  return wanted.some((word) =>
    /^p\d+$/.test(word) ? line.bar?.toLowerCase() === word : line.name.toLowerCase().includes(word),
  );
}
