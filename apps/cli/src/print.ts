import { formatAmountE9s, nsToMs, printExactJson } from '@decent-cloud/kernel';

/** Where output goes: one JSON document, or text for people. */
export class Printer {
  constructor(
    readonly json: boolean,
    private readonly out: (text: string) => void = (text) => process.stdout.write(text),
    private readonly error: (text: string) => void = (text) => process.stderr.write(text),
  ) {}

  /** The result of a command: exactly one a run. */
  result(value: unknown, forPeople: () => string): void {
    this.out(this.json ? `${printExactJson(value)}\n` : `${forPeople().trimEnd()}\n`);
  }

  /** Progress and remarks: people only, never mixed with results. */
  note(text: string): void {
    if (!this.json) this.error(`${text}\n`);
  }
}

/** Rows in columns, as wide as needed. */
export function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const lines = [head, ...rows].map((row) => row.map((cell) => String(cell ?? '-')));
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Names with values, absent ones left out. */
export function fields(values: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

export const amount = (e9s: bigint | null | undefined, currency = 'USD'): string =>
  e9s === null || e9s === undefined ? '-' : `${formatAmountE9s(e9s)} ${currency}`;

export const time = (ns: bigint | undefined): string | undefined =>
  ns === undefined ? undefined : new Date(nsToMs(ns)).toISOString();
