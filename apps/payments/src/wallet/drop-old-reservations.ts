import { NS_PER_HOUR } from '@decent-cloud/kernel';
import { type Sweep, Sweeps } from '@decent-cloud/runtime';
import { ReservationStore } from '../ledger/reservation.store.ts';

const BATCH = 5_000;

/** They count for nothing since their moment has passed: only their rows go. */
@Sweeps({ name: 'drop-old-reservations', everySeconds: 600 })
export class DropOldReservations implements Sweep {
  constructor(private readonly reservations: ReservationStore) {}

  async sweep(now: bigint): Promise<void> {
    await this.reservations.forget(now - NS_PER_HOUR, BATCH);
  }
}
