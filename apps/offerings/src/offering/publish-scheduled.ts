import { type Sweep, Sweeps } from '@decent-cloud/runtime';
import type { OfferingsSettings } from '../service.ts';
import { OfferingStore } from './offering.store.ts';

/** Drafts that are to appear at a certain time do. */
@Sweeps({
  name: 'publish-scheduled',
  everySeconds: (settings: OfferingsSettings) => settings.PUBLISH_SCHEDULED_INTERVAL_SECS,
})
export class PublishScheduled implements Sweep {
  constructor(private readonly offerings: OfferingStore) {}

  async sweep(now: bigint): Promise<void> {
    await this.offerings.publishScheduled(now);
  }
}
