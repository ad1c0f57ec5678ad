export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** Of all its threads, in clock ticks. */
  readonly ownTicks: number;
  /** Of children that have ended and were waited for. */
  readonly endedChildrenTicks: number;
}

/** Reads `/proc/<pid>/stat`; the program's name in it may hold anything, parentheses and spaces too. */
export function parseProcessStat(text: string): ProcessStat {
  const close = text.lastIndexOf(')');
  const fields = text
    .slice(close + 2)
    .trim()
    .split(' ');
  const pid = Number(text.slice(0, text.indexOf(' ')));
  const number = (field: number): number => Number(fields[field - 3]);
  const stat = {
    pid,
    parent: number(4),
    ownTicks: number(14) + number(15),
    endedChildrenTicks: number(16) + number(17),
  };
  if (close < 0 || Object.values(stat).some(Number.isNaN))
    throw new Error(`not a process: ${text.slice(0, 80)}`);
  return stat;
}
