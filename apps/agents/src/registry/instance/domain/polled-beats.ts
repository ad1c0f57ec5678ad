import { secondsToNs } from '@decent-cloud/kernel';

/** A heartbeat over HTTP: when it came (seconds), and by what its sender can be told apart, if it said so. */
export interface PolledBeat {
  readonly s: number;
  readonly p?: string;
}

const KEPT = 24;
/** They beat once a minute: one alone takes twice as long for so many. */
const CROWDED_SECONDS = 12 * 60;
const RECENT_SECONDS = 15 * 60;

/** What of a heartbeat is of the host and stays the same; undefined when it tells nothing of the host. */
export function printOf(body: {
  readonly version?: string | undefined;
  readonly resources?: object | undefined;
}) {
  if (body.resources === undefined) return undefined;
  const { cpuModel, cpuCores, memoryTotalMb } = body.resources as Record<string, unknown>;
  return [body.version, cpuModel, cpuCores, memoryTotalMb]
    .map((one) => String(one ?? '').slice(0, 64))
    .join(' ');
}

export const withBeat = (
  beats: readonly PolledBeat[],
  print: string | undefined,
  now: bigint,
): PolledBeat[] => {
  const s = Number(now / secondsToNs(1));
  return [...beats, { s, ...(print === undefined ? {} : { p: print }) }].slice(-KEPT);
};

/**
 * Do these heartbeats look like those of two processes? Agents that poll do not say which process they are. Seen can be:
 * one host, another one, and the first again; or twice as many as one process sends (or one that is started again and
 * again).
 */
export function looksDoubled(beats: readonly PolledBeat[]): boolean {
  const newest = beats.at(-1);
  if (!newest) return false;
  const since = (beats.at(-KEPT)?.s ?? Number.NEGATIVE_INFINITY) > newest.s - CROWDED_SECONDS;
  if (beats.length >= KEPT && since) return true;
  const prints = beats.flatMap(({ s, p }) => (p !== undefined && s > newest.s - RECENT_SECONDS ? [p] : []));
  const turns = prints.filter((print, index) => index > 0 && print !== prints[index - 1]);
  return turns.length >= 2 && new Set(prints).size < turns.length + 1;
}
