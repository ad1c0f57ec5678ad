import { type Sweep, Sweeps } from '@decent-cloud/runtime';
import { WaitingContractsStore } from '../contract/waiting-contracts.store.ts';

const BATCH = 1_000;
const MAX_BATCHES = 100;

/** Sealed credentials are kept for seven days. */
@Sweeps({ name: 'erase-credentials', everySeconds: 60 })
export class EraseCredentials implements Sweep {
  constructor(private readonly waiting: WaitingContractsStore) {}

  async sweep(now: bigint): Promise<void> {
    for (let batch = 0; batch < MAX_BATCHES; batch++) {
      if ((await this.waiting.eraseCredentials(now, BATCH)) < BATCH) return;
    }
  }
}
