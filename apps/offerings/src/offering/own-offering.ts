import { Refusal } from '@decent-cloud/kernel';
import type { Caller } from '@decent-cloud/messages';
import { maySee, type Offering } from './domain/offering.ts';
import { isOwner } from './offering-view.ts';

export const offeringNotFound = (): Refusal =>
  new Refusal('NOT_FOUND', 'OFFERING_NOT_FOUND', 'Offering not found');

/** The offering of its owner. Who may not even see it learns nothing of it. */
export function requireOwn(offering: Offering | undefined, caller: Caller): Offering {
  if (offering && isOwner(caller, offering)) return offering;
  if (!offering || !maySee(offering, false)) throw offeringNotFound();
  throw new Refusal('FORBIDDEN', 'NOT_OWNER', 'Unauthorized: You do not own this offering');
}
