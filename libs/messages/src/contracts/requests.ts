import { z } from 'zod';
import { request } from '../wire/endpoint.ts';
import { holdingsOfKey } from '../wire/holdings-of-key.ts';
import { contractIdHex, int64, word } from '../wire/schema.ts';
import { CONTRACT_STATUSES } from '../words/contracts.ts';

export const holdingsOfKeyInContracts = request({
  subject: 'req.contracts.v1.holdings-of-key',
  ...holdingsOfKey,
});

/** Which of these holds still belong to a living contract: asked before an old hold is dropped. */
export const livingHolds = request({
  subject: 'req.contracts.v1.living-holds',
  askedBy: ['offerings'],
  body: z.object({ holdIds: z.array(z.uuid()).max(200) }),
  answer: z.object({ living: z.array(z.uuid()) }),
});

/** State of contracts as the coordinator must know it; unknown ids are left out. */
export const contractStates = request({
  subject: 'req.contracts.v1.contract-states',
  askedBy: ['agents'],
  body: z.object({ contractIds: z.array(contractIdHex()).max(200) }),
  answer: z.object({
    states: z.array(
      z.object({
        contractId: contractIdHex(),
        status: word(CONTRACT_STATUSES),
        endsAtNs: int64().optional(),
        /** How to reach the machine, as JSON text, while the contract lives. */
        instanceDetails: z.string().optional(),
      }),
    ),
  }),
});
