import { maySee } from '../../offerings/src/offering/domain/offering.ts';
import { assertRentable, assertSameHold, termsOf } from '../../offerings/src/stock/domain/hold.ts';

/** The real rules of the services. Mutants put another function in the place of one of them. */
export const rules = {
  offerings: { maySee, assertRentable, assertSameHold, termsOf },
};
export type Rules = typeof rules;
