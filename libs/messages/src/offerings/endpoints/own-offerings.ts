import { z } from 'zod';
import { endpoint } from '../../wire/endpoint.ts';
import { int64, pageQuery, pathInt64 } from '../../wire/schema.ts';
import { offering } from '../offering.ts';
import { offeringRequest } from '../offering-request.ts';
import { providerParams, tags } from '../parts.ts';

const offeringParams = z.object({ ...providerParams, id: pathInt64() });

export const listMyOfferings = endpoint({
  method: 'GET',
  path: '/api/v1/provider/my-offerings',
  subject: 'req.offerings.v1.list-my-offerings',
  auth: 'signed',
  summary: 'List all own offerings, drafts and private ones included, cheapest first',
  tags,
  query: z.object(pageQuery(200, 200)),
  answer: z.array(offering),
});

export const createOffering = endpoint({
  method: 'POST',
  path: '/api/v1/providers/{pubkey}/offerings',
  subject: 'req.offerings.v1.create-offering',
  auth: 'self',
  idempotent: true,
  summary: 'Offer something for rent; answers its id',
  tags,
  params: z.object(providerParams),
  body: offeringRequest,
  answer: int64(),
  refusals: ['OFFERING_EXISTS', 'CURRENCY_UNSUPPORTED', 'POOL_NOT_FOUND'],
});

export const updateOffering = endpoint({
  method: 'PUT',
  path: '/api/v1/providers/{pubkey}/offerings/{id}',
  subject: 'req.offerings.v1.update-offering',
  auth: 'self',
  summary: 'Replace an own offering in full: what is left out is cleared',
  tags,
  params: offeringParams,
  body: offeringRequest,
  answer: z.string(),
  refusals: ['OFFERING_NOT_FOUND', 'OFFERING_EXISTS', 'CURRENCY_UNSUPPORTED', 'POOL_NOT_FOUND', 'NOT_OWNER'],
});

export const deleteOffering = endpoint({
  method: 'DELETE',
  path: '/api/v1/providers/{pubkey}/offerings/{id}',
  subject: 'req.offerings.v1.delete-offering',
  auth: 'self',
  summary: 'Take an own offering off the market for good; running rentals go on',
  tags,
  params: offeringParams,
  answer: z.string(),
  refusals: ['OFFERING_NOT_FOUND', 'NOT_OWNER'],
});

const autoAccept = z.object({ autoAcceptRentals: z.boolean() }).meta({ id: 'AutoAccept' });

export const getAutoAccept = endpoint({
  method: 'GET',
  path: '/api/v1/provider/settings/auto-accept',
  subject: 'req.offerings.v1.get-auto-accept',
  auth: 'signed',
  summary: 'Are paid requests accepted without asking the provider?',
  tags,
  answer: autoAccept,
});

export const setAutoAccept = endpoint({
  method: 'PUT',
  path: '/api/v1/provider/settings/auto-accept',
  subject: 'req.offerings.v1.set-auto-accept',
  auth: 'signed',
  summary: 'Choose whether paid requests are accepted without asking',
  tags,
  body: autoAccept,
  answer: autoAccept,
});
