import type { Logger } from './logging.ts';
import type { Metrics } from './metrics.ts';

/** Writes one message that nobody reads; rejects when it was not acknowledged. */
export interface StreamProbe {
  readonly stream: string;
  readonly write: () => Promise<unknown>;
}

export interface StreamWatchOptions {
  readonly probes: readonly StreamProbe[];
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly everyMs?: number;
  /** While one takes nothing: so that its return is seen soon. */
  readonly refusedEveryMs?: number;
}

interface Refusing {
  readonly sinceMs: number;
  readonly why: string;
}

const EVERY_MS = 15_000;
const REFUSED_EVERY_MS = 2_000;

/**
 * Knows whether streams take messages, by writing some: a store that has met a full disk goes on answering questions
 * about itself, and acknowledges nothing until the broker is started again.
 */
export class StreamWatch {
  private readonly refusing = new Map<string, Refusing>();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private stopping = false;

  constructor(private readonly options: StreamWatchOptions) {
    const { metrics, logger, probes } = options;
    metrics.observe(
      'dc_stream_takes_messages',
      'Whether the broker acknowledges what is written to the stream: 1 yes, 0 no',
      ['stream'],
      async () =>
        probes.map(({ stream }) => ({ labels: { stream }, value: this.refusing.has(stream) ? 0 : 1 })),
      (error) => logger.warn({ error }, 'a gauge could not be read'),
    );
  }

  /** Looks once, and from then on until it is stopped. */
  async start(): Promise<void> {
    await this.look();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    await this.looking;
  }

  /** Now instead of in some seconds: something could not be published. */
  look(): Promise<void> {
    this.looking ??= this.lookAtAll().finally(() => {
      this.looking = undefined;
      this.schedule();
    });
    return this.looking;
  }

  /** @throws Error that names what takes no messages, for how long, and what to do */
  async check(): Promise<void> {
    if (this.refusing.size === 0) return;
    const nowMs = performance.now();
    const each = [...this.refusing].map(([stream, { sinceMs, why }]) => {
      const seconds = Math.round((nowMs - sinceMs) / 1_000);
      return `${stream} has taken no messages for ${seconds} s (${why})`;
    });
    throw new Error(
      `${each.join('; ')}: if the broker's disk is full, free space; if it was full, restart the broker`,
    );
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (this.stopping) return;
    const { everyMs = EVERY_MS, refusedEveryMs = REFUSED_EVERY_MS } = this.options;
    this.timer = setTimeout(() => void this.look(), this.refusing.size > 0 ? refusedEveryMs : everyMs);
  }

  private async lookAtAll(): Promise<void> {
    await Promise.all(this.options.probes.map((probe) => this.lookAt(probe)));
  }

  private async lookAt({ stream, write }: StreamProbe): Promise<void> {
    const { logger } = this.options;
    try {
      await write();
      if (this.refusing.delete(stream)) logger.info({ stream }, 'the stream takes messages again');
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const before = this.refusing.get(stream);
      if (!before) logger.error({ error, stream }, 'the stream takes no messages');
      this.refusing.set(stream, { sinceMs: before?.sinceMs ?? performance.now(), why });
    }
  }
}
