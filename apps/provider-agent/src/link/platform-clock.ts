import { type Clock, NS_PER_SECOND } from '@decent-cloud/kernel';

/** A clock that nobody sets: nanoseconds from some beginning. It stands still while the host sleeps. */
export type MonotonicClock = () => bigint;

export const monotonicClock: MonotonicClock = () => process.hrtime.bigint();

/** Past this the clock was set, or the host has slept: what was known of the platform's time is worth nothing. */
const PARTED_NS = 2n * NS_PER_SECOND;

/** What the platform has said of its time, and when that was by both clocks of this host. */
interface Heard {
  readonly platformNs: bigint;
  readonly wallNs: bigint;
  readonly monotonicNs: bigint;
}

/** The platform's time: heard with each session, carried on by a clock that nobody sets. */
export class PlatformClock {
  private heard: Heard | undefined;

  constructor(
    private readonly wall: Clock,
    private readonly monotonic: MonotonicClock = monotonicClock,
  ) {}

  hear(platformNs: bigint): void {
    this.heard = { platformNs, wallNs: this.wall(), monotonicNs: this.monotonic() };
  }

  /** Has the platform told its time since this program began? */
  get isKnown(): boolean {
    return this.heard !== undefined;
  }

  /** As well as it is known: without a word of the platform, what this host says. */
  now(): bigint {
    if (!this.heard) return this.wall();
    return this.heard.platformNs + this.monotonic() - this.heard.monotonicNs;
  }

  /** Is this host's clock another one than when the platform was heard? Then it has to be asked again. */
  hasParted(): boolean {
    if (!this.heard) return false;
    const wallNs = this.wall() - this.heard.wallNs;
    const partNs = wallNs - (this.monotonic() - this.heard.monotonicNs);
    return partNs > PARTED_NS || -partNs > PARTED_NS;
  }
}
