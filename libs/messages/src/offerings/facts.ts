import { z } from 'zod';
import { fact } from '../wire/fact.ts';
import { AT, CONTRACT } from '../wire/samples.ts';
import { contractIdHex, int64 } from '../wire/schema.ts';

/** The unit of an ended contract is for rent again. */
export const stockReleased = fact({
  subject: 'evt.offerings.v1.stock-released',
  payload: z.object({ contractId: contractIdHex(), holdId: z.uuid(), atNs: int64() }),
  sample: { contractId: CONTRACT, holdId: '0190a5b0-7c1d-7e3a-8f00-000000000001', atNs: AT },
});
