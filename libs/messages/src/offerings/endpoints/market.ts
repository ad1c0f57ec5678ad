import { z } from 'zod';
import { endpoint } from '../../wire/endpoint.ts';
import { pageQuery, pathInt64, queryBoolean, queryNumber } from '../../wire/schema.ts';
import { text } from '../../wire/text.ts';
import { offering } from '../offering.ts';
import { providerParams, tags } from '../parts.ts';

export const searchOfferings = endpoint({
  method: 'GET',
  path: '/api/v1/offerings',
  subject: 'req.offerings.v1.search-offerings',
  auth: 'public',
  summary: 'Search the marketplace',
  tags,
  query: z.object({
    ...pageQuery(200, 50),
    product_type: text(64).optional(),
    country: text(8).optional(),
    in_stock_only: queryBoolean(false),
    has_recipe: queryBoolean(false),
    min_price_monthly: queryNumber(0, 1e12),
    max_price_monthly: queryNumber(0, 1e12),
    q: text(1_024)
      .optional()
      .meta({ description: 'Text in name, description or product type, in any case.' }),
  }),
  answer: z.array(offering),
});

export const getOffering = endpoint({
  method: 'GET',
  path: '/api/v1/offerings/{id}',
  subject: 'req.offerings.v1.get-offering',
  auth: 'optional',
  summary: 'Show an offering; signed, also those shared with the caller and own ones',
  tags,
  params: z.object({ id: pathInt64() }),
  answer: offering,
  refusals: ['OFFERING_NOT_FOUND'],
});

export const listProviderOfferings = endpoint({
  method: 'GET',
  path: '/api/v1/providers/{pubkey}/offerings',
  subject: 'req.offerings.v1.list-provider-offerings',
  auth: 'public',
  summary: 'List the public offerings of a provider, cheapest first',
  tags,
  params: z.object(providerParams),
  query: z.object(pageQuery(200, 200)),
  answer: z.array(offering),
});
