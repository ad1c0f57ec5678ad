import { type Bar, type Quantity, type Result, verdictOf } from './result.ts';

const HEAD = ['bar', 'what', 'measured', 'yardstick (same run)', 'ratio', 'limit', 'verdict'];
const RIGHT = new Set([2, 4, 5]);

/** Three significant digits, thousands set apart. */
export function printNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(size >= 10 ? 1 : size >= 1 || size === 0 ? 2 : 3);
}

export const printQuantity = ({ value, unit }: Quantity): string => `${printNumber(value)} ${unit}`.trim();

export const printBar = (bar: Bar): string =>
  'atLeast' in bar ? `>= ${printNumber(bar.atLeast)}` : `<= ${printNumber(bar.atMost)}`;

/** The results as one table for people, notes below it. */
export function printTable(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.bar ?? '-',
    result.name,
    printQuantity(result.measured),
    result.yardstick ? `${result.yardstick.what}: ${printQuantity(result.yardstick)}` : '-',
    result.ratio === undefined ? '-' : printNumber(result.ratio),
    result.limit ? printBar(result.limit) : '-',
    verdictOf(result),
  ]);
  const widths = HEAD.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] as string).length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const width = widths[column] as number;
        return RIGHT.has(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  const notes = results
    .filter((result) => result.note !== undefined)
    .map((result) => `  ${[result.bar, result.name].filter(Boolean).join(' ')}: ${result.note}`);
  return [
    line(HEAD),
    widths.map((width) => '-'.repeat(width)).join('  '),
    ...rows.map(line),
    ...(notes.length > 0 ? ['', ...notes] : []),
  ].join('\n');
}
