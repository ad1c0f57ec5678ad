import { knownWord } from '@decent-cloud/messages/wire';
import { NOT_FOR_RENT, type NotForRent } from '@decent-cloud/messages/words';

const WHY: Readonly<Record<NotForRent, string>> = {
  OUT_OF_STOCK: 'out of stock',
  PROVIDER_OFFLINE: 'offline',
};

/** Whether an offering can be rented now, or why not; undefined when the platform does not say. */
export function forRent(offering: {
  readonly can_rent_now?: boolean | undefined;
  readonly cannot_rent_reason?: string | undefined;
}): string | undefined {
  const { can_rent_now: can, cannot_rent_reason: reason } = offering;
  if (can === undefined) return undefined;
  if (can) return 'yes';
  const known = knownWord(NOT_FOR_RENT, reason);
  return known ? WHY[known] : (reason ?? '');
}
