import { secondsToNs } from '@decent-cloud/kernel';
import type { MachineAvailability } from '@decent-cloud/messages/words';

/** How an observation of its agent shows a machine. */
export type Seen = 'running' | 'stopped' | 'unknown' | 'absent';

export interface Standing {
  readonly availability: MachineAvailability;
  /** Since when observations do not show it, without a break. */
  readonly lostAtNs: bigint | null;
}
export interface NextStanding extends Standing {
  /** When that began. */
  readonly sinceNs: bigint;
}

/** One list without it is no word on it: lists are wrong for a moment when an engine restarts. */
const SECOND_LOOK_NS = secondsToNs(10);

/**
 * What an observation of a machine that is to run makes of how it stands.
 * @param atNs when the observation was made
 * @param lostAfterNs so long it must have been away; null: it never counts as lost, since the list has only what runs
 */
export function standingAfter(
  standing: Standing,
  seen: Seen,
  atNs: bigint,
  lostAfterNs: bigint | null,
): NextStanding {
  const { availability } = standing;
  switch (seen) {
    case 'running':
      return { availability: 'up', lostAtNs: null, sinceNs: atNs };
    case 'stopped':
      return { availability: 'stopped', lostAtNs: null, sinceNs: atNs };
    case 'unknown':
      return { availability: availability === 'up' ? 'up' : 'stopped', lostAtNs: null, sinceNs: atNs };
    case 'absent': {
      const lostAtNs = standing.lostAtNs ?? atNs;
      const awayNs = atNs - lostAtNs;
      if (availability === 'lost' || (lostAfterNs !== null && awayNs >= lostAfterNs)) {
        return { availability: 'lost', lostAtNs, sinceNs: lostAtNs };
      }
      const isConfirmed = availability === 'missing' || awayNs >= SECOND_LOOK_NS;
      return { availability: isConfirmed ? 'missing' : availability, lostAtNs, sinceNs: lostAtNs };
    }
  }
}

/** What is known of the times in which a contract had no machine that runs. */
export interface DownTime {
  readonly availabilityVersion: number;
  readonly downSinceNs: bigint | null;
  readonly downNs: bigint;
}

/** The same after its machine has come to stand so: a time that is over is added up. */
export function downTimeAfter(time: DownTime, availability: MachineAvailability, sinceNs: bigint): DownTime {
  const { downSinceNs, downNs } = time;
  const availabilityVersion = time.availabilityVersion + 1;
  if (availability !== 'up') return { availabilityVersion, downSinceNs: downSinceNs ?? sinceNs, downNs };
  const over = downSinceNs !== null && sinceNs > downSinceNs ? sinceNs - downSinceNs : 0n;
  return { availabilityVersion, downSinceNs: null, downNs: downNs + over };
}
