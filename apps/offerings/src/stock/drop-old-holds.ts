import { NS_PER_HOUR } from '@decent-cloud/kernel';
import { requests } from '@decent-cloud/messages';
import { Bus, type Sweep, Sweeps } from '@decent-cloud/runtime';
import type { OfferingsSettings } from '../service.ts';
import { StockStore } from './stock.store.ts';

const ASKED_AT_ONCE = 200;
const MAX_ROUNDS = 50;
const ASK_AGAIN_NS = NS_PER_HOUR;
/** Longer than facts are kept: no late message can take a forgotten hold again. */
const RELEASED_KEPT_NS = 30n * 24n * NS_PER_HOUR;

/** Gives back units whose contract never came to be. Only the contracts service knows; while it is silent, all stay. */
@Sweeps({
  name: 'drop-old-holds',
  everySeconds: (settings: OfferingsSettings) => settings.DROP_OLD_HOLDS_INTERVAL_SECONDS,
})
export class DropOldHolds implements Sweep {
  constructor(
    private readonly stock: StockStore,
    private readonly bus: Bus,
  ) {}

  async sweep(now: bigint): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const holdIds = await this.stock.due(now, ASKED_AT_ONCE);
      if (holdIds.length === 0) break;
      const living = new Set((await this.bus.ask(requests.livingHolds, { body: { holdIds } })).living);
      await this.stock.settleDue(
        holdIds.filter((id) => living.has(id)),
        holdIds.filter((id) => !living.has(id)),
        now,
        now + ASK_AGAIN_NS,
      );
    }
    await this.stock.forgetReleased(now - RELEASED_KEPT_NS, 5_000);
  }
}
