import { numberToAmountE9s, rentalPriceE9s } from '@decent-cloud/kernel';
import { getOffering } from '@decent-cloud/messages/offerings';
import { amount } from '../print.ts';
import type { Session } from '../session.ts';

/** What the platform shows for so many hours: said with the request, so that it cannot cost more by then. */
export async function shownPrice(session: Session, offeringId: bigint, durationHours: number) {
  // Signed: one's own private offerings are seen by nobody else.
  const client = await session.client();
  const { signal } = session.outside;
  const { monthly_price, currency } = await client.call(
    getOffering,
    { params: { id: offeringId } },
    { signal },
  );
  const expected_amount_e9s = rentalPriceE9s(numberToAmountE9s(monthly_price), durationHours);
  session.note(`Price: at most ${amount(expected_amount_e9s, currency)} for ${durationHours} h`);
  return { expected_amount_e9s, expected_currency: currency };
}
