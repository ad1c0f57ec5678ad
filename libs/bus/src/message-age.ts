/** Clocks of two computers part by at most so much of the time that passes. */
const DRIFT = 0.0002;
const MOST_SENDERS = 1_000;

interface Baseline {
  /** The least difference of the two clocks that a message has shown, in milliseconds. */
  differenceMs: number;
  atMs: number;
}

/**
 * How long messages were on their way, without clocks that agree. All times count from some moment of their own process
 * and are never set; the fastest message of a sender shows how the two clocks differ, and all others are held against it.
 */
export class MessageAges {
  private readonly baselines = new Map<string, Baseline>();

  /**
   * Milliseconds on its way. `sender` names one process. For the first message of a sender nothing tells but how long this
   * process stood still before it: `stoodStillMs` counts then, and the next message is a first one again.
   */
  of(sender: string, sentMs: number, nowMs: number, stoodStillMs: number): number {
    const differenceMs = nowMs - sentMs;
    const known = this.baselines.get(sender);
    if (!known) {
      if (stoodStillMs === 0) this.note(sender, { differenceMs, atMs: nowMs });
      return stoodStillMs;
    }
    const mayHaveParted = DRIFT * Math.max(0, nowMs - known.atMs);
    known.differenceMs = Math.min(differenceMs, known.differenceMs + mayHaveParted);
    known.atMs = nowMs;
    return differenceMs - known.differenceMs;
  }

  private note(sender: string, baseline: Baseline): void {
    const [oldest] = this.baselines.keys();
    if (this.baselines.size >= MOST_SENDERS && oldest !== undefined) this.baselines.delete(oldest);
    this.baselines.set(sender, baseline);
  }
}
