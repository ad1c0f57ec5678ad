import { z } from 'zod';
import { endpoint } from '../../wire/endpoint.ts';
import { int64, pageQuery, word } from '../../wire/schema.ts';
import { ACTORS, CONTRACT_EVENTS, CONTRACT_STATUSES } from '../../words/contracts.ts';
import { contractParams, tags } from '../parts.ts';
import { rentalStepsMembers } from '../rental-steps.ts';

export const contractEvent = z
  .object({
    id: int64(),
    contractId: z.string(),
    eventType: word(CONTRACT_EVENTS),
    oldStatus: word(CONTRACT_STATUSES).optional(),
    newStatus: word(CONTRACT_STATUSES).optional(),
    actor: word(ACTORS),
    details: z.string().optional(),
    createdAt: int64(),
  })
  .meta({
    id: 'ContractEvent',
    examples: [
      {
        id: 34,
        contractId: '123959ac0712d750896ad9bf1f30262724f7381cd777f3684ed8ecf7a5bdee1d',
        eventType: 'status_change',
        oldStatus: 'requested',
        newStatus: 'accepted',
        actor: 'system',
        createdAt: 1795414894595405800,
      },
    ],
  });

export const listContractEvents = endpoint({
  method: 'GET',
  path: '/api/v1/contracts/{id}/events',
  subject: 'req.contracts.v1.list-contract-events',
  auth: 'signed',
  summary: 'What happened to a contract, oldest first, for tenant and provider',
  tags,
  params: contractParams,
  query: z.object(pageQuery(500, 200)),
  answer: z.array(contractEvent),
  refusals: ['CONTRACT_NOT_FOUND', 'OWN_CONTRACT'],
});

export const getContractSteps = endpoint({
  method: 'GET',
  path: '/api/v1/contracts/{id}/steps',
  subject: 'req.contracts.v1.get-contract-steps',
  auth: 'signed',
  summary: 'How far a rental is, step by step, for its tenant and provider',
  tags,
  params: contractParams,
  answer: z.object(rentalStepsMembers).meta({ id: 'RentalSteps' }),
  refusals: ['CONTRACT_NOT_FOUND', 'OWN_CONTRACT'],
});
