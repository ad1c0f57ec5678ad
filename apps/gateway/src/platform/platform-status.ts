import { parseExactJson } from '@decent-cloud/kernel';
import { type Answer, innerServiceNames } from '@decent-cloud/messages';
import type { getStatus } from '@decent-cloud/messages/gateway';
import { searchOfferings } from '@decent-cloud/messages/offerings';
import { countForRent } from '@decent-cloud/messages/requests';
import { type Bus, type Logger, VERSION } from '@decent-cloud/runtime';
import { LRUCache } from 'lru-cache';

export type PlatformStatus = Answer<typeof getStatus>;
export type Offering = Answer<typeof searchOfferings>[number];

const PING_TIMEOUT_MS = 1_000;
const KEPT_MS = 2_000;
const SHOWN_OFFERINGS = 12;
const LATEST = 'latest';

/** One value; whoever asks while it is made waits for the same one. */
type Latest<T extends object> = LRUCache<typeof LATEST, T>;

const latest = <T extends object>(nowMs: () => number, make: () => Promise<T>): Latest<T> =>
  new LRUCache({ max: 1, ttl: KEPT_MS, ttlResolution: 0, perf: { now: nowMs }, fetchMethod: make });

/** What the platform can say about itself. Asked often, it asks its services only every two seconds. */
export class StatusBoard {
  private readonly status: Latest<PlatformStatus>;
  private readonly forRent: Latest<{ readonly offerings: readonly Offering[] | undefined }>;

  constructor(
    private readonly bus: Bus,
    private readonly logger: Logger,
    /** Of a clock that nobody sets. */
    private readonly nowMs: () => number,
    /** Which checks of the gateway itself fail. */
    private readonly ownFailing: () => Promise<string[]>,
  ) {
    this.status = latest(nowMs, () => this.askAll());
    this.forRent = latest(nowMs, async () => ({ offerings: await this.search() }));
  }

  getStatus(): Promise<PlatformStatus> {
    return this.status.forceFetch(LATEST);
  }

  /** The newest offerings that can be rented now; undefined while offerings do not answer. */
  async offeringsForRent(): Promise<readonly Offering[] | undefined> {
    return (await this.forRent.forceFetch(LATEST)).offerings;
  }

  private async askAll(): Promise<PlatformStatus> {
    const [others, offeringsForRent, failing] = await Promise.all([
      Promise.all(innerServiceNames.map((name) => this.ping(name))),
      this.countForRent(),
      this.ownFailing(),
    ]);
    const services = failing.length === 0 ? others : [...others, { name: 'gateway', up: true, failing }];
    return {
      status: services.every(({ up, failing }) => up && !failing) ? 'ok' : 'degraded',
      version: VERSION,
      services,
      ...(offeringsForRent !== undefined && { offeringsForRent }),
    };
  }

  private async ping(name: string): Promise<PlatformStatus['services'][number]> {
    const startMs = this.nowMs();
    try {
      const text = await this.bus.asker.text(
        `req.${name}.v1.ping`,
        { caller: { kind: 'service', name: 'gateway' }, requestId: globalThis.crypto.randomUUID() },
        PING_TIMEOUT_MS,
      );
      const { data } = parseExactJson(text) as { data?: { version?: string; failing?: string[] } };
      const failing = data?.failing ?? [];
      const latencyMs = Math.round((this.nowMs() - startMs) * 10) / 10;
      return {
        name,
        up: true,
        latencyMs,
        ...(data?.version !== undefined && { version: data.version }),
        ...(failing.length > 0 && { failing }),
      };
    } catch (error) {
      this.logger.debug({ error, service: name }, 'a service does not answer');
      return { name, up: false };
    }
  }

  private async countForRent(): Promise<number | undefined> {
    try {
      return (await this.bus.ask(countForRent, {}, { timeoutMs: PING_TIMEOUT_MS })).count;
    } catch (error) {
      this.logger.debug({ error }, 'offerings for rent cannot be counted');
      return undefined;
    }
  }

  private async search(): Promise<readonly Offering[] | undefined> {
    try {
      const query = { limit: SHOWN_OFFERINGS, in_stock_only: true };
      return await this.bus.ask(searchOfferings, { query }, { timeoutMs: 2_000 });
    } catch (error) {
      this.logger.debug({ error }, 'offerings cannot be searched');
      return undefined;
    }
  }
}
