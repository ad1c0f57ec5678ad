import { setTimeout as sleep } from 'node:timers/promises';
import { jitteredBackoffMs } from '@decent-cloud/kernel';
import { type Metrics, withBreaker } from '@decent-cloud/runtime';
import { type CloudflareApi, CloudflareError, type CloudflareRecord } from './cloudflare-api.ts';
import { DnsBackend, DnsError } from './dns-backend.ts';

/** Less than the gateway waits for a service. */
export const DNS_DEADLINE_MS = 3_500;
const MOST_ATTEMPTS = 4;
const ADDRESS_TTL_SECONDS = 300;
const CHALLENGE_TTL_SECONDS = 60;
/** "An identical record already exists", in both of its numbers. */
const IDENTICAL = [81_057, 81_058];
const NOT_THERE = 81_044;

type Work = (signal: AbortSignal) => Promise<void>;

/**
 * Records at Cloudflare. A change begins with looking at what is there and is done again as a whole when its outcome is
 * not known, so an answer that was lost after the work costs a look and no second record.
 */
export class CloudflareDns extends DnsBackend {
  private readonly change: (work: Work) => Promise<void>;

  constructor(
    private readonly api: CloudflareApi,
    metrics: Metrics,
    private readonly random: () => number,
  ) {
    super();
    this.change = withBreaker(
      metrics,
      {
        name: 'cloudflare',
        timeoutMs: DNS_DEADLINE_MS + 1_000,
        isHealthyError: (error) => !(error instanceof CloudflareError && error.passes),
      },
      (work: Work) => this.untilDone(work),
    );
  }

  assertReady(): void {
    // It was made with all that it needs.
  }

  upsertA(name: string, content: string): Promise<void> {
    const wanted = { type: 'A', name, content, ttl: ADDRESS_TTL_SECONDS, proxied: false };
    return this.run(async (signal) => {
      const there = await this.api.list('A', name, signal);
      const kept = there.find((one) => one.content === content) ?? there[0];
      if (!kept) await orIdentical(this.api.create(wanted, signal));
      else if (!isAs(kept, wanted)) await this.api.replace(kept.id, wanted, signal);
      for (const other of there) if (other !== kept) await this.remove(other, signal);
    });
  }

  deleteA(name: string): Promise<void> {
    return this.run(async (signal) => {
      for (const one of await this.api.list('A', name, signal)) await this.remove(one, signal);
    });
  }

  setTxt(name: string, wanted: () => Promise<readonly string[]>): Promise<void> {
    return this.run(async (signal) => {
      const there = await this.api.list('TXT', name, signal);
      const values = await wanted();
      for (const value of values) {
        if (there.some(({ content }) => unquoted(content) === value)) continue;
        const record = { type: 'TXT', name, content: `"${value}"`, ttl: CHALLENGE_TTL_SECONDS };
        await orIdentical(this.api.create(record, signal));
      }
      const old = there.filter(({ content }) => !values.includes(unquoted(content)));
      for (const one of old) await this.remove(one, signal);
    });
  }

  private async run(work: Work): Promise<void> {
    try {
      await this.change(work);
    } catch (error) {
      throw asDnsError(error);
    }
  }

  private async untilDone(work: Work): Promise<void> {
    const endsAtMs = performance.now() + DNS_DEADLINE_MS;
    const signal = AbortSignal.timeout(DNS_DEADLINE_MS);
    for (let attempt = 0; ; attempt++) {
      try {
        return await work(signal);
      } catch (error) {
        // What was there a moment ago may be gone: looking again tells.
        const passes = error instanceof CloudflareError && (error.passes || error.has(NOT_THERE));
        if (!passes || attempt + 1 >= MOST_ATTEMPTS) throw error;
        const waitMs = error.retryAfterMs ?? jitteredBackoffMs(attempt, this.random, 100, 800);
        if (performance.now() + waitMs >= endsAtMs) throw error;
        await sleep(waitMs);
      }
    }
  }

  private async remove(record: CloudflareRecord, signal: AbortSignal): Promise<void> {
    try {
      await this.api.delete(record.id, signal);
    } catch (error) {
      const isGone = error instanceof CloudflareError && (error.status === 404 || error.has(NOT_THERE));
      if (!isGone) throw error;
    }
  }
}

async function orIdentical(creating: Promise<void>): Promise<void> {
  try {
    await creating;
  } catch (error) {
    if (!(error instanceof CloudflareError && error.has(...IDENTICAL))) throw error;
  }
}

const isAs = (one: CloudflareRecord, wanted: Omit<CloudflareRecord, 'id'>): boolean =>
  one.content === wanted.content && one.ttl === wanted.ttl && (one.proxied ?? false) === wanted.proxied;

/** Texts come back in quotes, whichever way they were sent. */
const unquoted = (content: string): string => content.replace(/^"(.*)"$/, '$1');

function asDnsError(error: unknown): unknown {
  if (error instanceof CloudflareError) {
    const kind = error.passes ? 'unavailable' : 'refused';
    return new DnsError(kind, `Cloudflare: ${error.message}`, { cause: error });
  }
  const code = (error as { code?: unknown } | null)?.code;
  return code === 'EOPENBREAKER' || code === 'ETIMEDOUT'
    ? new DnsError('unavailable', 'Cloudflare is not asked for a while: it kept failing', { cause: error })
    : error;
}
