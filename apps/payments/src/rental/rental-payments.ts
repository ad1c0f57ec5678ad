import { requests, type VerbInput } from '@decent-cloud/messages';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { RentalStore } from './rental.store.ts';

@Answers(requests.rentalPayments)
export class RentalPayments implements Verb<typeof requests.rentalPayments> {
  constructor(private readonly rentals: RentalStore) {}

  async run({ body }: VerbInput<typeof requests.rentalPayments>, { caller }: VerbContext) {
    requireService(caller);
    const rentals = await this.rentals.charged(body.contractIds);
    return {
      payments: rentals.map(({ contractId, chargedE9s, refundedE9s, state }) => ({
        contractId,
        chargedE9s,
        refundedE9s,
        settled: state === 'settled',
      })),
    };
  }
}
