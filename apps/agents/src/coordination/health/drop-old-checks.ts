import { secondsToNs } from '@decent-cloud/kernel';
import { type Sweep, Sweeps } from '@decent-cloud/runtime';
import { HealthStore } from './health.store.ts';

const KEPT_DAYS = 90;
const AT_MOST = 5_000;

@Sweeps({ name: 'drop-old-checks', everySeconds: 600 })
export class DropOldChecks implements Sweep {
  constructor(private readonly store: HealthStore) {}

  async sweep(now: bigint): Promise<void> {
    await this.store.drop(now - secondsToNs(KEPT_DAYS * 86_400), AT_MOST);
  }
}
