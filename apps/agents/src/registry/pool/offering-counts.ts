import { Refusal, regionOfCountry } from '@decent-cloud/kernel';
import { requests } from '@decent-cloud/messages';
import { Bus, LOGGER, type Logger } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { PoolRow } from './pool.store.ts';

const TIMEOUT_MS = 1_500;

/** How many offerings each pool serves, as the service of offerings knows it. */
@Injectable()
export class OfferingCounts {
  constructor(
    private readonly bus: Bus,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Without an answer the map is empty: pools must stay manageable while offerings are away. */
  async of(
    providerPublicKey: string,
    pools: readonly Pick<PoolRow, 'poolId' | 'location'>[],
  ): Promise<ReadonlyMap<string, number>> {
    if (pools.length === 0) return new Map();
    try {
      const { byPoolId, byCountry } = await this.bus.ask(
        requests.countByPool,
        { body: { providerPublicKey } },
        { timeoutMs: TIMEOUT_MS },
      );
      const byLocation = new Map<string, number>();
      for (const [country, count] of Object.entries(byCountry)) {
        const region = regionOfCountry(country);
        if (region) byLocation.set(region, (byLocation.get(region) ?? 0) + count);
      }
      return new Map(
        pools.map(({ poolId, location }) => [
          poolId,
          (byPoolId[poolId] ?? 0) + (byLocation.get(location) ?? 0),
        ]),
      );
    } catch (error) {
      if (!(error instanceof Refusal && error.code === 'UNAVAILABLE')) throw error;
      this.logger.warn({ error }, 'offerings of pools are not counted');
      return new Map();
    }
  }
}
