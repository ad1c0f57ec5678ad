import { maySee } from '../../offerings/src/offering/domain/offering.ts';
import { assertRentable, assertSameHold, termsOf } from '../../offerings/src/stock/domain/hold.ts';
import { decide, dueEndings, mayTouch } from '../../provider-agent/src/domain/decide.ts';
import { driftOf } from '../../provider-agent/src/domain/drift.ts';
import { downOf } from '../../provider-agent/src/domain/keep.ts';
import { takesPlace } from '../../provider-agent/src/domain/record.ts';

/** The real rules of the services. Mutants put another function in the place of one of them. */
export const rules = {
  offerings: { maySee, assertRentable, assertSameHold, termsOf },
  agent: { decide, mayTouch, dueEndings, driftOf, takesPlace, downOf },
};
export type Rules = typeof rules;
