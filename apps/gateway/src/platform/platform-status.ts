import { requestText } from '@decent-cloud/bus';
import { type Clock, parseExactJson } from '@decent-cloud/kernel';
import type { Answer } from '@decent-cloud/messages';
import { searchOfferings } from '@decent-cloud/messages/offerings';
import type { getStatus } from '@decent-cloud/messages/platform';
import { countForRent } from '@decent-cloud/messages/requests';
import { type Bus, type Logger, VERSION } from '@decent-cloud/runtime';
import { Fresh } from './fresh.ts';

export type PlatformStatus = Answer<typeof getStatus>;
export type Offering = Answer<typeof searchOfferings>[number];

const SERVICES = ['accounts', 'offerings', 'contracts', 'payments', 'notifications', 'agents'] as const;
const PING_TIMEOUT_MS = 1_000;
const KEPT_MS = 2_000;
const SHOWN_OFFERINGS = 12;

/** What the platform can say about itself. Asked often, it asks its services only every two seconds. */
export class StatusBoard {
  private readonly status: Fresh<PlatformStatus>;
  private readonly forRent: Fresh<readonly Offering[] | undefined>;

  constructor(
    private readonly bus: Bus,
    private readonly logger: Logger,
    private readonly nowMs: () => number,
    clock: Clock,
  ) {
    this.status = new Fresh(KEPT_MS, clock, () => this.askAll());
    this.forRent = new Fresh(KEPT_MS, clock, () => this.search());
  }

  getStatus(): Promise<PlatformStatus> {
    return this.status.get();
  }

  /** The newest offerings that can be rented now; undefined while offerings do not answer. */
  offeringsForRent(): Promise<readonly Offering[] | undefined> {
    return this.forRent.get();
  }

  private async askAll(): Promise<PlatformStatus> {
    const [services, offeringsForRent] = await Promise.all([
      Promise.all(SERVICES.map((name) => this.ping(name))),
      this.countForRent(),
    ]);
    return {
      status: services.every(({ up }) => up) ? 'ok' : 'degraded',
      version: VERSION,
      services,
      ...(offeringsForRent !== undefined && { offeringsForRent }),
    };
  }

  private async ping(name: string): Promise<PlatformStatus['services'][number]> {
    const startMs = this.nowMs();
    try {
      const text = await requestText(
        this.bus.connection,
        `req.${name}.v1.ping`,
        { caller: { kind: 'service', name: 'gateway' }, requestId: globalThis.crypto.randomUUID() },
        PING_TIMEOUT_MS,
      );
      const { data } = parseExactJson(text) as { data?: { version?: string } };
      const latencyMs = Math.round((this.nowMs() - startMs) * 10) / 10;
      return { name, up: true, latencyMs, ...(data?.version !== undefined && { version: data.version }) };
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
