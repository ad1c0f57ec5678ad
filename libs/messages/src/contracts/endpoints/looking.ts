import { z } from 'zod';
import { endpoint } from '../../wire/endpoint.ts';
import { pageQuery, publicKeyHex } from '../../wire/schema.ts';
import { text } from '../../wire/text.ts';
import { CONTRACT_STATUSES } from '../../words/contracts.ts';
import { contract } from '../contract.ts';
import { contractParams, tags } from '../parts.ts';

const partyParams = z.object({ pubkey: publicKeyHex() });

/** Narrows a list to one status. */
const listQuery = z.object({
  ...pageQuery(200, 200),
  status: text(32)
    .optional()
    .meta({ description: `In any case: ${CONTRACT_STATUSES.join(', ')}.` }),
});

export const getContract = endpoint({
  method: 'GET',
  path: '/api/v1/contracts/{id}',
  subject: 'req.contracts.v1.get-contract',
  auth: 'signed',
  summary: 'Show a contract to its tenant or provider',
  tags,
  params: contractParams,
  answer: contract,
  refusals: ['CONTRACT_NOT_FOUND', 'OWN_CONTRACT'],
});

export const listMyContracts = endpoint({
  method: 'GET',
  path: '/api/v1/users/{pubkey}/contracts',
  subject: 'req.contracts.v1.list-my-contracts',
  auth: 'self',
  summary: 'List what one rents, newest first',
  tags,
  params: partyParams,
  query: listQuery,
  answer: z.array(contract),
});

export const listProviderContracts = endpoint({
  method: 'GET',
  path: '/api/v1/providers/{pubkey}/contracts',
  subject: 'req.contracts.v1.list-provider-contracts',
  auth: 'self',
  summary: 'List what one lets, newest first',
  tags,
  params: partyParams,
  query: listQuery,
  answer: z.array(contract),
});

export const listPendingRequests = endpoint({
  method: 'GET',
  path: '/api/v1/provider/rental-requests/pending',
  subject: 'req.contracts.v1.list-pending-requests',
  auth: 'signed',
  summary: 'List requests that wait for the answer of the calling provider',
  tags,
  query: z.object(pageQuery(200, 200)),
  answer: z.array(contract),
});
