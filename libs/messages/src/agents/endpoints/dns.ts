import { z } from 'zod';
import { endpoint } from '../../wire/endpoint.ts';
import { optionalIn } from '../../wire/schema.ts';
import { text } from '../../wire/text.ts';
import { DNS_ACTIONS } from '../../words/agents.ts';

/*
 * Gateways of data centres: the name under which each machine behind one is found, and what a gateway proves its names
 * with to get certificates.
 */

const tags = ['gateways of data centres'];

const dcId = () =>
  z.string().regex(/^[a-z0-9][a-z0-9-]{0,18}[a-z0-9]$/, {
    error: 'must be 2 to 20 characters of a-z, 0-9 and -, with no - at either end',
  });
const slug = () => z.string().regex(/^[a-z0-9]{6}$/, { error: 'must be 6 characters of a-z and 0-9' });

export const setGatewayDns = endpoint({
  method: 'POST',
  path: '/api/v1/agents/dns',
  subject: 'req.agents.v1.set-gateway-dns',
  auth: 'agent',
  permission: 'dns_manage',
  summary: 'Make or delete the name of a machine behind a gateway; doing it twice changes nothing',
  tags,
  body: z
    .object({
      action: z.enum(DNS_ACTIONS, { error: 'must be create or delete' }),
      slug: slug(),
      dcId: dcId(),
      publicIp: optionalIn(text(64)).meta({ description: 'A public IPv4 address; for create.' }),
    })
    .meta({
      id: 'GatewayDnsRequest',
      examples: [{ action: 'create', slug: 'k7m2p4', dcId: 'dc-lk', publicIp: '8.8.4.4' }],
    }),
  answer: z
    .object({ subdomain: z.string() })
    .meta({ id: 'GatewayDnsResponse', examples: [{ subdomain: 'k7m2p4.dc-lk.gw.decent-cloud.org' }] }),
  refusals: ['NOT_OWNER', 'DNS_NOT_CONFIGURED', 'DNS_LIMIT'],
});

export const registerGateway = endpoint({
  method: 'POST',
  path: '/api/v1/agents/gateway/register',
  subject: 'req.agents.v1.register-gateway',
  auth: 'agent',
  permission: 'dns_manage',
  summary: 'Take a dc_id for good, or get new credentials for one that one has',
  tags,
  body: z.object({ dcId: dcId() }).meta({ id: 'GatewayRegisterRequest', examples: [{ dcId: 'dc-lk' }] }),
  answer: z
    .object({
      acmeDnsServerUrl: z.string(),
      acmeDnsUsername: z.string(),
      acmeDnsPassword: z.string().meta({ description: 'Shown here and nowhere else.' }),
      acmeDnsSubdomain: z.string(),
    })
    .meta({ id: 'GatewayRegisterResponse' }),
  refusals: ['DC_ID_TAKEN', 'DNS_NOT_CONFIGURED', 'DNS_LIMIT'],
});

/** As acme-dns has it: its clients know the status and no more. What is missing is refused after who is asking. */
export const updateAcmeTxt = endpoint({
  method: 'POST',
  path: '/api/v1/acme-dns/update',
  subject: 'req.agents.v1.update-acme-txt',
  auth: 'public',
  rateTier: 'relaxed',
  wrongGuess: 'API_KEY_INVALID',
  bodyLimitBytes: 4_096,
  summary: 'Answer the challenge of a certificate authority for the names of a gateway',
  tags,
  headers: z.object({ 'x-api-user': text(256).optional(), 'x-api-key': text(256).optional() }),
  body: z
    .object({ subdomain: optionalIn(text(256)), txt: optionalIn(text(1_024)) })
    .optional()
    .meta({
      id: 'AcmeTxtUpdate',
      examples: [
        {
          subdomain: '0190a5b0-7c1d-4e3a-8f00-000000000001',
          txt: 'LHDhK3oGRvkiefQnx7OOczTY5Tic_xZ6HcMOc_gmtoM',
        },
      ],
    }),
  form: 'plain',
  answer: z.object({ txt: z.string() }).meta({ id: 'AcmeTxtAnswer' }),
  bareRefusals: { UNAVAILABLE: 500, PRECONDITION: 500 },
  refusals: ['API_KEY_INVALID'],
});
