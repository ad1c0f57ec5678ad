import { secondsToNs } from '@decent-cloud/kernel';
import { HEALTHY_SECONDS, ONLINE_SECONDS } from '../../agent/domain/liveness.ts';

/** A process that acts as an agent. */
export interface Instance {
  readonly instanceId: string;
  readonly host: string;
  /** At most one process works in a place; a copy of its data is another place. */
  readonly place: string;
  readonly boot: string;
}
export interface Holder extends Instance {
  readonly beganAtNs: bigint;
  /** When it was heard last, in whatever way. */
  readonly heardAtNs: bigint;
}
/** Who was turned away last, and since when it has been asking without a break. */
export interface AtTheDoor {
  readonly instanceId: string | null;
  readonly sinceNs: bigint;
  readonly seenNs: bigint;
}
export type EndedBy = 'left' | 'restart' | 'reboot' | 'silence';

export type Admission =
  /** It is the one at work. */
  | { readonly admit: 'same' }
  /** It begins, in the place of the one that was at work if there was one. */
  | { readonly admit: 'new'; readonly ended?: Exclude<EndedBy, 'left'> }
  /** Another one is at work. */
  | { readonly admit: 'refused' };

/**
 * How long it must have asked before silence of the other one counts: while platform or broker were away nobody was heard,
 * and whoever was at work comes back sooner.
 */
const DOOR_SECONDS = 60;
/** Those who wait ask at least every 30 seconds: after a longer break their wait begins anew. */
const LONGEST_BREAK_SECONDS = 90;

/**
 * May this process act as the agent? A new start in the same place may at once: its lock shows that the one before is
 * gone. After a new start of the host, which a copied disk looks like, some missed heartbeats show it; elsewhere, that the
 * agent is not online any more. Processes that name no instance are of an older version.
 */
export function admission(
  asking: Instance | undefined,
  holder: Holder | undefined,
  door: AtTheDoor | undefined,
  now: bigint,
): Admission {
  if (!holder) return { admit: 'new' };
  if (asking?.instanceId === holder.instanceId) return { admit: 'same' };
  const isSamePlace = asking?.place === holder.place;
  if (isSamePlace && asking.boot === holder.boot) return { admit: 'new', ended: 'restart' };
  const silenceNs = now - holder.heardAtNs;
  if (waitedAtDoorNs(asking, door, now) < secondsToNs(DOOR_SECONDS)) return { admit: 'refused' };
  if (isSamePlace && silenceNs >= secondsToNs(HEALTHY_SECONDS)) return { admit: 'new', ended: 'reboot' };
  if (silenceNs >= secondsToNs(ONLINE_SECONDS)) return { admit: 'new', ended: 'silence' };
  return { admit: 'refused' };
}

const waitedAtDoorNs = (asking: Instance | undefined, door: AtTheDoor | undefined, now: bigint): bigint =>
  door && continues(asking?.instanceId ?? null, door, now) ? now - door.sinceNs : 0n;

/** Is this the one that asked before, without a long break? */
export const continues = (instanceId: string | null, door: AtTheDoor, now: bigint): boolean =>
  door.instanceId === instanceId && now - door.seenNs <= secondsToNs(LONGEST_BREAK_SECONDS);

/** A margin for heartbeats that were on their way. */
const MARGIN_NS = secondsToNs(5);

/** Both live: the one at work was heard after the other one had asked. Otherwise it may just have ended. */
export const bothLive = (holder: Pick<Holder, 'heardAtNs'>, door: Pick<AtTheDoor, 'sinceNs'>): boolean =>
  holder.heardAtNs > door.sinceNs + MARGIN_NS;

const TELL_EVERY_SECONDS = 86_400;

export const isToBeTold = (toldAtNs: bigint | null, now: bigint): boolean =>
  toldAtNs === null || now - toldAtNs >= secondsToNs(TELL_EVERY_SECONDS);

/** What comes from a process that is not at work counts when it ended in order: it was the one when it spoke. */
export const stillCounts = (endedBy: EndedBy | undefined): boolean =>
  endedBy !== undefined && endedBy !== 'silence';
