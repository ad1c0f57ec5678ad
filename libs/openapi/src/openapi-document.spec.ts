import { REASON_WORDS } from '@decent-cloud/kernel';
import { allEndpoints } from '@decent-cloud/messages/endpoints';
import { endpoint, publicKeyHex } from '@decent-cloud/messages/wire';
import { CONTRACT_EVENTS, CONTRACT_STATUSES, PAYMENT_STATUSES } from '@decent-cloud/messages/words';
import { z } from 'zod';
import { openapiDocument } from './openapi-document.ts';
import { referencePage } from './reference-page.ts';
import { REFERENCE_SCRIPT } from './reference-script.ts';
import { spelledOut } from './render-schema.ts';

const options = { version: '1.2.3', serverUrl: 'http://localhost:8080' };
const document = openapiDocument(allEndpoints, options);

const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

const references = (value: unknown): string[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([key, inner]) => (key === '$ref' ? [inner] : references(inner)));

describe('the OpenAPI document', () => {
  it('says what it is', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.info.version).toBe('1.2.3');
    expect(operations).toHaveLength(Object.keys(allEndpoints).length);
  });

  it('has the words of the lists', () => {
    const schemas = document.components?.schemas as Record<string, { properties: Record<string, object> }>;
    const enumOf = (schema: string, member: string) => schemas[schema]?.properties[member];
    expect(enumOf('Contract', 'status')).toEqual({ type: 'string', enum: CONTRACT_STATUSES });
    expect(enumOf('Contract', 'payment_status')).toEqual({ type: 'string', enum: PAYMENT_STATUSES });
    expect(enumOf('ContractEvent', 'eventType')).toEqual({ type: 'string', enum: CONTRACT_EVENTS });
    expect(enumOf('ErrorEnvelope', 'code')).toEqual({ type: 'string', enum: REASON_WORDS });
  });

  it('has no reference into nothing', () => {
    const known = Object.keys(document.components?.schemas ?? {}).map(
      (name) => `#/components/schemas/${name}`,
    );
    expect(references(document).length).toBeGreaterThan(100);
    expect(references(document).filter((reference) => !known.includes(reference))).toEqual([]);
  });

  it('has no two names of one place that generators make one of', () => {
    const alike: string[][] = [];
    const collect = (names: readonly string[]): void => {
      const bySpelling = Map.groupBy(names, spelledOut);
      alike.push(...[...bySpelling.values()].filter((group) => group.length > 1));
    };
    const walk = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const [key, inner] of Object.entries(value)) {
        if (key === 'properties') collect(Object.keys(inner));
        if (key === 'parameters') collect((inner as { in: string; name: string }[]).map((one) => one.name));
        walk(inner);
      }
    };
    walk(document);
    collect(Object.keys(document.components?.schemas ?? {}));
    collect(operations.map(({ operation }) => operation.operationId));
    expect(alike).toEqual([]);
    const pending = document.components?.schemas?.ContractPendingSshKeyRotation as {
      properties: object;
      required: string[];
    };
    expect(Object.keys(pending.properties)).toEqual([
      'contract_id',
      'requester_ssh_pubkey',
      'provisioning_instance_details',
    ]);
    expect(pending.required).toEqual(['contract_id', 'requester_ssh_pubkey']);
  });

  it('says of every number how wide it is, for generators read 32 bits otherwise', () => {
    const unsaid: string[] = [];
    let numbers = 0;
    const walk = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return;
      const { type, format } = value as { type?: unknown; format?: unknown };
      if (['integer', 'number'].some((name) => [type].flat().includes(name))) {
        numbers += 1;
        if (format === undefined) unsaid.push(path);
      }
      for (const [key, inner] of Object.entries(value)) walk(inner, `${path}/${key}`);
    };
    walk(document, '');
    expect(numbers).toBeGreaterThan(100);
    expect(unsaid).toEqual([]);
    expect(document.components?.schemas?.Offering).toMatchObject({
      properties: {
        monthly_price: { type: 'number', format: 'double' },
        included_units: { format: 'int64' },
      },
    });
  });

  it('names every operation once and describes all parameters of its path', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, operation } of operations) {
      const inPath = [...path.matchAll(/\{([^}]*)\}/g)].map(([, name]) => name);
      const described = (operation.parameters ?? []).filter((one: { in: string }) => one.in === 'path');
      expect(described.map((one: { name: string }) => one.name).sort()).toEqual(inPath.sort());
      expect(described.every((one: { required: boolean }) => one.required)).toBe(true);
    }
  });

  it('prints a component used both ways once, answers open, integers as int64', () => {
    const schemas = document.components?.schemas ?? {};
    expect(Object.keys(schemas).filter((name) => /Output$|^__/.test(name))).toEqual([]);
    expect(JSON.stringify(document)).not.toContain('additionalProperties":false');
    expect(JSON.stringify(document)).not.toContain('9007199254740991');
    expect(schemas.Contract).toMatchObject({
      properties: { payment_amount_e9s: { type: 'integer', format: 'int64' } },
    });
  });

  it('gives each caller class its headers and each refusal its status', () => {
    const rent = document.paths?.['/api/v1/contracts']?.post;
    expect(rent?.security).toEqual([
      { 'X-Public-Key': [], 'X-Signature': [], 'X-Timestamp': [], 'X-Nonce': [] },
    ]);
    expect(Object.keys(rent?.responses ?? {})).toEqual([
      '200',
      '400',
      '401',
      '403',
      '404',
      '409',
      '413',
      '415',
      '422',
      '429',
      '503',
    ]);
    expect(document.paths?.['/api/v1/offerings']?.get?.security).toEqual([]);
    expect(document.paths?.['/api/v1/agents/session']?.post?.security?.[0]).toHaveProperty('X-Agent-Pubkey');
  });

  it('shows headers that an endpoint reads, and refusals as clients of another protocol know them', () => {
    const update = document.paths?.['/api/v1/acme-dns/update']?.post;
    expect(update?.security).toEqual([]);
    expect(update?.parameters).toMatchObject([
      { in: 'header', name: 'x-api-user' },
      { in: 'header', name: 'x-api-key' },
    ]);
    expect(Object.keys(update?.responses ?? {})).toEqual(['200', '400', '401', '413', '415', '429', '500']);
    const refused = update?.responses?.['401'].content['application/json'].schema;
    expect(refused).toEqual({ $ref: '#/components/schemas/BareError' });
    expect(document.components?.schemas?.BareError).toMatchObject({ required: ['error'] });
  });

  it('can show an answer that normalises its text, and one without data', () => {
    const of = (answer: z.ZodType) =>
      openapiDocument(
        {
          probe: endpoint({
            method: 'GET',
            path: '/probe',
            subject: 's',
            auth: 'public',
            summary: '',
            tags: [],
            answer,
          }),
        },
        options,
      ).paths?.['/probe']?.get?.responses?.['200'].content['application/json'].schema;
    expect(of(publicKeyHex()).properties.data).toEqual({ type: 'string', pattern: '^[0-9a-fA-F]{64}$' });
    expect(of(z.undefined()).properties).toEqual({ success: { type: 'boolean', const: true } });
  });
});

describe('the reference page', () => {
  const page = referencePage(document);

  it('shows every endpoint and loads nothing', () => {
    for (const { path, operation } of operations) {
      expect(page).toContain(`id="${operation.operationId}"`);
      expect(page).toContain(path);
    }
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).not.toMatch(/<script |<link|@import|\bsrc=|url\(/);
  });

  it('has for every call what is needed to try it, and says which ones must be signed', () => {
    const calls = [...page.matchAll(/<details id="([^"]*)" data-call="([^"]*)"/g)].map(
      ([, id, text = '']) => [
        id,
        JSON.parse(text.replaceAll('&quot;', '"').replaceAll('&apos;', "'").replaceAll('&amp;', '&')),
      ],
    );
    expect(calls).toHaveLength(operations.length);
    const byId = Object.fromEntries(calls);
    expect(byId.searchOfferings).toMatchObject({ method: 'GET', path: '/api/v1/offerings', auth: 'open' });
    expect(byId.searchOfferings.parameters).toContainEqual({ name: 'q', in: 'query', required: false });
    expect(byId.getOffering.auth).toBe('open');
    expect(byId.openAgentSession.signature).toContain('X-Agent-Pubkey');
    expect([byId.createContract.auth, JSON.parse(byId.createContract.body)]).toEqual([
      'signed',
      expect.anything(),
    ]);
  });

  it('has a script that is one, and writes nothing as HTML', () => {
    expect(() => new Function(REFERENCE_SCRIPT)).not.toThrow();
    expect(REFERENCE_SCRIPT).not.toMatch(/innerHTML|outerHTML|insertAdjacent|document\.write|eval|<\//);
  });

  it('shows fields of referenced schemas and what to do about a refusal', () => {
    expect(page).toContain('offering_db_id');
    expect(page).toContain('OUT_OF_STOCK');
    expect(page).toContain('Choose another offering or try again later.');
  });

  it('escapes what it is given', () => {
    const hostile = openapiDocument(
      {
        hostile: endpoint({
          method: 'GET',
          path: '/x',
          subject: 's',
          auth: 'public',
          summary: '<img src=x onerror="alert(1)">',
          tags: ['<b>'],
          answer: z.object({ a: z.string().meta({ description: '<script>alert(1)</script>' }) }),
        }),
      },
      options,
    );
    expect(referencePage(hostile).replace(/<script>[\s\S]*$/, '')).not.toMatch(/<img|<script|<b>/);
  });
});
