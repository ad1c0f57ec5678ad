import { requests, type VerbInput } from '@decent-cloud/messages';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { PaymentsPrisma } from '../payments.prisma.ts';

@Answers(requests.rentalPayments)
export class RentalPayments implements Verb<typeof requests.rentalPayments> {
  constructor(private readonly prisma: PaymentsPrisma) {}

  async run({ body }: VerbInput<typeof requests.rentalPayments>, { caller }: VerbContext) {
    requireService(caller);
    const rentals = await this.prisma.rental.findMany({
      where: { contractId: { in: body.contractIds }, state: { not: 'void' } },
      select: { contractId: true, chargedE9s: true, refundedE9s: true, state: true },
    });
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
