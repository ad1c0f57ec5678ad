import { NS_PER_HOUR } from '@decent-cloud/kernel';
import { type Sweep, Sweeps } from '@decent-cloud/runtime';
import { InstanceStore } from './instance.store.ts';

/** Longer than any event can be on its way. */
const KEEP_HOURS = 40n * 24n;

/** Forgets processes that ended long ago. */
@Sweeps({ name: 'purge-instances', everySeconds: 3_600 })
export class PurgeInstances implements Sweep {
  constructor(private readonly store: InstanceStore) {}

  async sweep(now: bigint): Promise<void> {
    await this.store.purge(now - KEEP_HOURS * NS_PER_HOUR);
  }
}
