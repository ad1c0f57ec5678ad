import type { EndpointDeclaration } from '@decent-cloud/messages';

export type RateTier = 'strict' | 'standard' | 'relaxed' | 'guesses';

export const WINDOW_MS = 60_000;
export const REQUESTS_PER_WINDOW: Readonly<Record<RateTier, number>> = {
  strict: 10,
  standard: 60,
  relaxed: 120,
  guesses: 10,
};
/** More callers than this in one minute: the oldest are forgotten. */
const MAX_COUNTED = 200_000;

export interface RateDecision {
  readonly allowed: boolean;
  readonly tier: RateTier;
  readonly retryAfterSeconds: number;
}

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The tier of an endpoint, or of a request to none; undefined is not limited. */
export function tierOf(
  declaration: Pick<EndpointDeclaration, 'rateTier'> | undefined,
  method: string,
): RateTier | undefined {
  const declared = declaration?.rateTier;
  if (declared === 'none') return undefined;
  return declared ?? (READS.has(method) ? 'relaxed' : 'standard');
}

/** One caller behind an IPv6 line has a whole /64: counted as one. */
export function addressBlock(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip);
  if (mapped?.[1]) return mapped[1];
  if (!ip.includes(':')) return ip;
  const [head = '', tail] = ip.split('%')[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    while (groups.length + after.length < 8) groups.push('0');
    groups.push(...after);
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}

/**
 * Counts requests of callers in fixed windows of a minute. Own counts are exact; those of other gateways come in later
 * through `takeOthers`, so that no request waits for the bus.
 */
export class RateLimiter {
  private window = 0;
  private readonly own = new Map<string, number>();
  private readonly others = new Map<string, Map<string, number>>();
  private changed = new Set<string>();

  constructor(
    private readonly nowMs: () => number,
    private readonly limits: Readonly<Record<RateTier, number>> = REQUESTS_PER_WINDOW,
  ) {}

  /** Counts one request and says whether it may pass. */
  count(caller: string, tier: RateTier): RateDecision {
    this.turn();
    const key = `${tier} ${caller}`;
    const count = (this.own.get(key) ?? 0) + 1;
    if (count === 1 && this.own.size >= MAX_COUNTED) {
      for (const oldest of this.own.keys()) {
        this.own.delete(oldest);
        break;
      }
    }
    const limit = this.limits[tier];
    // Refused ones are not counted on: the number stays small, and a limit is a limit.
    if (count <= limit) {
      this.own.set(key, count);
      this.changed.add(key);
    }
    return this.decide(key, tier, count);
  }

  /** Says whether one more would pass, without counting it. */
  peek(caller: string, tier: RateTier): RateDecision {
    this.turn();
    const key = `${tier} ${caller}`;
    return this.decide(key, tier, (this.own.get(key) ?? 0) + 1);
  }

  /** What changed since the last time, to be told to the other gateways. */
  takeChanges(): { readonly window: number; readonly counts: ReadonlyMap<string, number> } | undefined {
    this.turn();
    if (this.changed.size === 0) return undefined;
    const counts = new Map<string, number>();
    for (const key of this.changed) counts.set(key, this.own.get(key) ?? 0);
    this.changed = new Set();
    return { window: this.window, counts };
  }

  takeOthers(gateway: string, window: number, counts: Iterable<readonly [string, number]>): void {
    this.turn();
    if (window !== this.window) return;
    let known = this.others.get(gateway);
    if (!known) {
      known = new Map();
      this.others.set(gateway, known);
    }
    for (const [key, count] of counts) if (known.size < MAX_COUNTED) known.set(key, count);
  }

  private decide(key: string, tier: RateTier, count: number): RateDecision {
    let total = count;
    for (const counts of this.others.values()) total += counts.get(key) ?? 0;
    const leftMs = (this.window + 1) * WINDOW_MS - this.nowMs();
    return {
      allowed: total <= this.limits[tier],
      tier,
      retryAfterSeconds: Math.max(1, Math.ceil(leftMs / 1_000)),
    };
  }

  private turn(): void {
    const window = Math.floor(this.nowMs() / WINDOW_MS);
    if (window === this.window) return;
    this.window = window;
    this.own.clear();
    this.others.clear();
    this.changed.clear();
  }
}
