import { requests, type VerbInput } from '@decent-cloud/messages';
import { Database } from '@decent-cloud/postgres';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { ReservationStore } from '../ledger/reservation.store.ts';

@Answers(requests.releaseFunds)
export class ReleaseFunds implements Verb<typeof requests.releaseFunds> {
  constructor(
    private readonly database: Database,
    private readonly reservations: ReservationStore,
  ) {}

  async run({ body }: VerbInput<typeof requests.releaseFunds>, { caller }: VerbContext) {
    requireService(caller);
    const released = await this.database.transaction((sql) =>
      this.reservations.delete(sql, body.reservationId),
    );
    return { released };
  }
}
