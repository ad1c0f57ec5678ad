import { formatAmountE9s, nsToIso } from '@decent-cloud/kernel';

// biome-ignore lint/suspicious/noControlCharactersInRegex: what others wrote must not steer the terminal.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]+/g;
const LONGEST_CELL = 70;

type Cell = string | number | bigint | boolean | null | undefined;

/** Text of others, safe for a terminal and in one line. */
export const plain = (value: Cell): string => String(value ?? '-').replaceAll(CONTROL, ' ') || '-';

/** Many lines of others, safe for a terminal; with a line end. */
export const plainLines = (text: string): string =>
  text === ''
    ? ''
    : `${text
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => line.replaceAll('\t', '    ').replaceAll(CONTROL, ' '))
        .join('\n')}\n`;

const cellText = (value: Cell): string => {
  const text = plain(value);
  return text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL - 1)}…` : text;
};
const width = (text: string): number => [...text].length;

/** An aligned table; numbers stand right. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[], empty: string): string {
  if (rows.length === 0) return `${empty}\n`;
  const texts = rows.map((row) => row.map(cellText));
  const widths = head.map((title, column) =>
    Math.max(width(title), ...texts.map((row) => width(row[column] ?? ''))),
  );
  const isNumber = head.map((_, column) => rows.every((row) => /^(number|bigint)$/.test(typeof row[column])));
  const line = (cells: readonly string[]): string =>
    cells
      .map((text, column) => {
        const filler = ' '.repeat((widths[column] ?? 0) - width(text));
        return isNumber[column] ? filler + text : text + filler;
      })
      .join('  ')
      .trimEnd();
  return `${[head.map((title) => title.toUpperCase()), ...texts].map(line).join('\n')}\n`;
}

/** Named values under each other; absent ones are left out. */
export function details(values: Readonly<Record<string, Cell>>): string {
  const shown = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  const longest = Math.max(0, ...shown.map(([name]) => width(name)));
  return shown.map(([name, value]) => `${`${name}:`.padEnd(longest + 2)}${plain(value)}\n`).join('');
}

/** `2026-11-24 20:06:31Z` */
export const time = (ns: bigint | null | undefined): string | undefined =>
  ns === undefined || ns === null ? undefined : nsToIso(ns).replace('T', ' ').replace(/\.\d+/, '');

export const seconds = (unixSeconds: bigint | undefined): string | undefined =>
  unixSeconds === undefined ? undefined : time(unixSeconds * 1_000_000_000n);

export const amount = (e9s: bigint | null | undefined, currency = 'USD'): string | undefined =>
  e9s === undefined || e9s === null ? undefined : `${formatAmountE9s(e9s)} ${currency}`;
