import { type Clock, NS_PER_SECOND, Refusal } from '@decent-cloud/kernel';
import type { Logger } from './logging.ts';
import type { Metrics } from './metrics.ts';

export interface ClockWatchOptions {
  readonly clock: Clock;
  /** The time that this process must agree with; undefined while nobody tells it. */
  readonly reference: () => Promise<bigint | undefined>;
  /** Whose time that is, for people. */
  readonly referenceName: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** A clock that nobody sets. */
  readonly monotonicNs?: () => bigint;
  readonly everyMs?: number;
  /** While it is wrong or not known: so that its correction is seen soon. */
  readonly wrongEveryMs?: number;
}

/** What was found out at one moment. */
interface Comparison {
  /** The own clock minus the reference. */
  readonly aheadNs: bigint;
  /** By so much it may be more or less: the answer took that long. */
  readonly uncertainNs: bigint;
  readonly ownNs: bigint;
  readonly monotonicNs: bigint;
}

export const CLOCK_LIMIT_SECONDS = 5;
const LIMIT_NS = BigInt(CLOCK_LIMIT_SECONDS) * NS_PER_SECOND;
const EVERY_MS = 60_000;
const WRONG_EVERY_MS = 5_000;
/** Whoever asks while it is wrong may make it be compared, but not each of them. */
const SHORTEST_PAUSE_NS = NS_PER_SECOND;

/** True for what is refused because a clock is wrong: it works again when that has been set. */
export const isClockWrong = (error: unknown): boolean =>
  error instanceof Refusal && error.reason === 'CLOCK_WRONG';

/**
 * Compares the own clock with a reference, at start and every minute, and lets nothing be decided by it while they differ
 * by more than five seconds. A clock that is set in between is noticed at its next reading: it parts from the monotonic one.
 */
export class ClockWatch {
  private known: Comparison | undefined;
  private wasWrong = false;
  private askedAtNs = 0n;
  private timer: NodeJS.Timeout | undefined;
  private comparing: Promise<void> | undefined;
  private stopping = false;
  private readonly monotonicNs: () => bigint;

  constructor(private readonly options: ClockWatchOptions) {
    this.monotonicNs = options.monotonicNs ?? (() => process.hrtime.bigint());
    options.metrics.observe(
      'dc_clock_ahead_seconds',
      'The clock of this process minus the one that it must agree with; past 5 s it decides nothing by time',
      [],
      async () => (this.known ? [{ value: Number(this.aheadNs(this.known)) / 1e9 }] : []),
      (error) => options.logger.warn({ error }, 'a gauge could not be read'),
    );
  }

  /** The time. @throws Refusal UNAVAILABLE CLOCK_WRONG while it is not to be trusted */
  readonly now: Clock = () => {
    const nowNs = this.options.clock();
    if (this.isWrong(nowNs)) {
      if (this.monotonicNs() - this.askedAtNs > SHORTEST_PAUSE_NS) void this.compare();
      throw new Refusal(
        'UNAVAILABLE',
        'CLOCK_WRONG',
        'A clock of the platform is wrong: nothing was changed',
      );
    }
    return nowNs;
  };

  readonly isTrusted = (): boolean => !this.isWrong(this.options.clock());

  /** @throws Error that says by how much the clock is wrong, and what to do */
  async check(): Promise<void> {
    if (this.isTrusted()) return;
    await this.compare();
    if (!this.known || this.isTrusted()) return;
    throw new Error(this.fault(this.known));
  }

  /** Compares once, and from then on until it is stopped. */
  start(): Promise<void> {
    return this.compare();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    await this.comparing;
  }

  private compare(): Promise<void> {
    this.comparing ??= this.ask().finally(() => {
      this.comparing = undefined;
      this.schedule();
    });
    return this.comparing;
  }

  private async ask(): Promise<void> {
    const { clock, reference, logger } = this.options;
    const ownBefore = clock();
    const before = this.monotonicNs();
    this.askedAtNs = before;
    try {
      const referenceNs = await reference();
      if (referenceNs === undefined) return;
      const uncertainNs = (this.monotonicNs() - before) / 2n;
      const aheadNs = ownBefore + uncertainNs - referenceNs;
      this.known = { aheadNs, uncertainNs, ownNs: ownBefore, monotonicNs: before };
    } catch (error) {
      logger.warn({ error }, 'the clock cannot be compared; trying again');
      return;
    }
    this.tell();
  }

  private tell(): void {
    const isWrong = !this.isTrusted();
    if (isWrong && !this.wasWrong && this.known) this.options.logger.error(this.fault(this.known));
    if (!isWrong && this.wasWrong) this.options.logger.info('the clock is right again');
    this.wasWrong = isWrong;
  }

  private fault(known: Comparison): string {
    const aheadNs = this.aheadNs(known);
    const seconds = Math.round(Math.abs(Number(aheadNs)) / 1e9);
    const how = aheadNs > 0n ? 'ahead of' : 'behind';
    return `the clock here is ${seconds} s ${how} that of ${this.options.referenceName}: nothing is decided by time until both are right (set them by NTP)`;
  }

  /** As compared, and by how much the clock was set since. */
  private aheadNs(known: Comparison, nowNs = this.options.clock()): bigint {
    return known.aheadNs + (nowNs - known.ownNs) - (this.monotonicNs() - known.monotonicNs);
  }

  private isWrong(nowNs: bigint): boolean {
    if (!this.known) return false;
    const aheadNs = this.aheadNs(this.known, nowNs);
    const atMostNs = LIMIT_NS + this.known.uncertainNs;
    return aheadNs > atMostNs || -aheadNs > atMostNs;
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (this.stopping) return;
    const { everyMs = EVERY_MS, wrongEveryMs = WRONG_EVERY_MS } = this.options;
    const isWell = this.known !== undefined && this.isTrusted();
    this.timer = setTimeout(() => void this.compare(), isWell ? everyMs : wrongEveryMs);
  }
}
