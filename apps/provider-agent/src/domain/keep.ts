import { isOver } from './decide.ts';
import type { FoundMachine } from './machine.ts';
import type { MachineRecord } from './record.ts';

/** A machine that the journal has as running, and that does not run. */
export interface Down {
  readonly contractId: string;
  readonly what: 'stopped' | 'missing';
}

/** What is paid for and does not run, as the backend shows it. What nobody knows is left alone. */
export function downOf(
  records: Iterable<MachineRecord>,
  machines: readonly Pick<FoundMachine, 'externalId' | 'power'>[],
  nowNs: bigint,
): Down[] {
  const powers = new Map(machines.map(({ externalId, power }) => [externalId, power]));
  return [...records].flatMap(({ contractId, phase, externalId, endsAtNs }): Down[] => {
    if (phase !== 'running' || externalId === undefined || isOver(endsAtNs, nowNs)) return [];
    const power = powers.get(externalId);
    if (power === undefined) return [{ contractId, what: 'missing' }];
    return power === 'stopped' ? [{ contractId, what: 'stopped' }] : [];
  });
}

/** Which machines were told to be down, since when it is those, and when that was told last. */
export interface Told {
  readonly down: string;
  readonly sinceNs: bigint;
  readonly atNs: bigint;
}

const SECOND_NS = 1_000_000_000n;
/** Reports are not kept, and the platform counts none without a machine that it has had for less than 30 seconds. */
const TOLD_AT_EVERY_LOOK_NS = 60n * SECOND_NS;
const TOLD_AGAIN_NS = 60n * SECOND_NS;

/** A change is told at every look for a minute; what stays down is told once a minute after that. */
export function mustTell(told: Told, down: string, nowNs: bigint): boolean {
  if (down !== told.down || nowNs < told.sinceNs + TOLD_AT_EVERY_LOOK_NS) return true;
  return down !== '' && nowNs >= told.atNs + TOLD_AGAIN_NS;
}

export interface Starts {
  readonly count: number;
  readonly lastAtNs: bigint;
}

const LONGEST_WAIT_SECONDS = 600;
const FIRST_WAIT_SECONDS = 15;

/** At once, then after growing waits: one that ends at once, or cannot be started, is not started all the time. */
export function mayStartAgain(starts: Starts | undefined, nowNs: bigint): boolean {
  if (!starts || starts.count === 0) return true;
  const waitSeconds = Math.min(
    FIRST_WAIT_SECONDS * 2 ** Math.min(starts.count - 1, 10),
    LONGEST_WAIT_SECONDS,
  );
  return nowNs >= starts.lastAtNs + BigInt(waitSeconds) * SECOND_NS;
}

/** A machine that has run for so long begins anew with its waits. */
export const hasSettled = (starts: Starts, nowNs: bigint): boolean =>
  nowNs >= starts.lastAtNs + BigInt(LONGEST_WAIT_SECONDS) * SECOND_NS;
