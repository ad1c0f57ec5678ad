import { readFileSync } from 'node:fs';
import { parseExactJson, REASONS } from '@decent-cloud/kernel';
import { allEndpoints } from '@decent-cloud/messages/endpoints';
import type { EndpointDeclaration } from '@decent-cloud/messages/wire';
import stripJsonComments from 'strip-json-comments';
import { z } from 'zod';
import {
  type ApiDocument,
  answerSchema,
  compareDocuments,
  compareNulls,
  type Difference,
  plainPath,
} from './compare-documents.ts';
import { openapiDocument } from './openapi-document.ts';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const existing = JSON.parse(read('../compatibility/existing-api.json')) as ApiDocument;
const early = JSON.parse(read('../compatibility/existing-api-early-2026.json')) as ApiDocument;

interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly query?: string;
  readonly request?: unknown;
  readonly answer: unknown;
}
const recordings = read('../compatibility/existing-answers.jsonl')
  .trim()
  .split('\n')
  .map((line) => parseExactJson(line) as Recorded);

type Endpoints = Readonly<Record<string, EndpointDeclaration>>;
const documentOf = (endpoints: Endpoints) =>
  openapiDocument(endpoints, { version: '0', serverUrl: '/' }) as unknown as ApiDocument;
const parses = (schema: unknown, value: unknown) => (schema as z.ZodType).safeParse(value).success;

/** Recorded requests and answers against our schemas. */
function compareRecordings(endpoints: Endpoints): Difference[] {
  const document = documentOf(endpoints);
  return recordings.flatMap((recorded) => {
    const ours = Object.values(endpoints).find(
      (candidate) =>
        candidate.method === recorded.method && plainPath(candidate.path) === plainPath(recorded.path),
    );
    if (!ours) return [];
    const found: Omit<Difference, 'endpoint'>[] = [];
    const example = (member: string, fits: boolean) => {
      if (!fits) found.push({ member, difference: 'example' });
    };
    if (ours.body) example('body', parses(ours.body, recorded.request));
    if (recorded.query !== undefined) {
      example('query', parses(ours.query, Object.fromEntries(new URLSearchParams(recorded.query))));
    }
    const data = ours.form === 'plain' ? recorded.answer : (recorded.answer as { data?: unknown }).data;
    example('answer', parses(ours.answer, data));
    const operation = document.paths[ours.path]?.[ours.method.toLowerCase()];
    const schema = operation && answerSchema(operation);
    if (schema) found.push(...compareNulls(document, schema, recorded.answer));
    return found.map((difference) => ({ endpoint: `${ours.method} ${ours.path}`, ...difference }));
  });
}

const allDifferences = (endpoints: Endpoints): string[] => {
  const document = documentOf(endpoints);
  const found = [
    ...compareDocuments(existing, document, '/api/v1'),
    ...compareDocuments(early, document, '/api/v1'),
    ...compareRecordings(endpoints),
  ];
  return [...new Set(found.map((one) => `${one.endpoint} | ${one.member} | ${one.difference}`))].sort();
};

/** What differs on purpose; tools/compatibility-page.mjs says what each member must be. */
interface Documented {
  readonly sections: readonly {
    readonly differences: readonly {
      readonly endpoints?: readonly string[];
      readonly now: string;
      readonly shape?: Readonly<Partial<Record<Difference['difference'], readonly string[]>>>;
    }[];
  }[];
  readonly newEndpoints: readonly { readonly endpoint: string }[];
  readonly undocumentedEndpoints: readonly string[];
}
const documented = JSON.parse(stripJsonComments(read('../compatibility/differences.jsonc'))) as Documented;
const documentedDifferences = documented.sections.flatMap(({ differences }) => differences);

const documentedShapes = (): string[] =>
  documentedDifferences.flatMap(({ endpoints = [], shape = {} }) =>
    Object.entries(shape).flatMap(([difference, members]) =>
      endpoints.flatMap((endpoint) => members.map((member) => `${endpoint} | ${member} | ${difference}`)),
    ),
  );

/** Settings that the texts name; other words in capitals are reasons of refusals. */
const SETTINGS = ['API_ERROR_STATUS', 'RESPONSE_TIMEOUT_HOURS', 'DNS_RECORDS_PER_PROVIDER'];
const reasonsIn = (text: string): string[] =>
  [...text.matchAll(/`([A-Z]+(?:_[A-Z]+)+)/g)]
    .map(([, word = '']) => word)
    .filter((word) => !SETTINGS.includes(word));

const namesOf = ({ method, path, aliases = [] }: EndpointDeclaration): string[] =>
  [path, ...aliases].map((one) => `${method} ${one}`);
const declared = new Map(
  Object.values(allEndpoints).flatMap((endpoint) => namesOf(endpoint).map((name) => [name, endpoint])),
);
/** What the documents and recordings have of the existing system. */
const known = new Set([
  ...[existing, early].flatMap(({ paths }) =>
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${plainPath(`/api/v1${path}`)}`),
    ),
  ),
  ...recordings.map(({ method, path }) => `${method} ${plainPath(path)}`),
]);

describe('compatibility with the existing API', () => {
  it('finds nothing that differences.jsonc does not explain, and nothing is explained that is not so', () => {
    expect(allDifferences(allEndpoints)).toEqual(documentedShapes().sort());
  });

  it('explains endpoints that there are, by reasons that they refuse with', () => {
    const wrong = documentedDifferences.flatMap(({ endpoints, now }) => {
      const reasons = reasonsIn(now);
      if (!endpoints) return reasons.filter((reason) => !Object.hasOwn(REASONS, reason));
      return endpoints.flatMap((name) => {
        const refusals: readonly string[] | undefined = declared.get(name)?.refusals;
        if (!declared.has(name)) return [`not declared: ${name}`];
        return reasons
          .filter((reason) => !refusals?.includes(reason))
          .map((reason) => `${name}: never refused as ${reason}`);
      });
    });
    expect(wrong).toEqual([]);
  });

  it('lists every endpoint that the existing system does not have, and no other', () => {
    const isKnown = (endpoint: EndpointDeclaration) =>
      namesOf(endpoint).some((name) => known.has(plainPath(name)));
    const found = Object.values(allEndpoints).flatMap((one) => (isKnown(one) ? [] : namesOf(one)));
    const { newEndpoints, undocumentedEndpoints } = documented;
    const listed = [...newEndpoints.map(({ endpoint }) => endpoint), ...undocumentedEndpoints];
    expect(found.sort()).toEqual(listed.sort());
  });

  it('covers most of what we declare', () => {
    const held = Object.values(allEndpoints).filter((one) =>
      known.has(`${one.method} ${plainPath(one.path)}`),
    );
    expect(held.length).toBeGreaterThan(40);
  });
});

describe('the checker', () => {
  const differencesAfter = (change: (endpoints: Record<string, EndpointDeclaration>) => void) => {
    const before = new Set(allDifferences(allEndpoints));
    const changed = { ...allEndpoints };
    change(changed);
    return allDifferences(changed).filter((difference) => !before.has(difference));
  };
  const object = (schema: unknown) => schema as z.ZodObject;
  const replace = (name: string, part: 'answer' | 'body' | 'query', schema: z.ZodType) =>
    differencesAfter((endpoints) => {
      endpoints[name] = { ...(endpoints[name] as EndpointDeclaration), [part]: schema };
    });
  const pool = object(allEndpoints.createPool?.answer);
  const status = object(allEndpoints.getAgentStatus?.answer);
  const poolPath = 'POST /api/v1/providers/{pubkey}/pools';
  const statusPath = 'GET /api/v1/providers/{pubkey}/agent-status';

  it('reports a member that is gone from an answer', () => {
    expect(replace('createPool', 'answer', pool.omit({ location: true }))).toEqual([
      `${poolPath} | answer.data.location | missing`,
    ]);
  });

  it('reports another type, and a recorded answer that no longer parses', () => {
    expect(replace('createPool', 'answer', pool.extend({ location: z.number() }))).toEqual([
      `${poolPath} | answer | example`,
      `${poolPath} | answer.data.location | type`,
    ]);
  });

  it('reports a member that may now be absent', () => {
    expect(replace('createPool', 'answer', pool.partial({ name: true }))).toEqual([
      `${poolPath} | answer.data.name | not always there`,
    ]);
  });

  it('reports null where it was absent, and absent where it was null', () => {
    expect(replace('createPool', 'answer', pool.extend({ upgradeToVersion: z.string().nullish() }))).toEqual([
      `${poolPath} | answer.data.upgradeToVersion | null`,
    ]);
    expect(replace('getAgentStatus', 'answer', status.extend({ resources: z.unknown().optional() }))).toEqual(
      [`${statusPath} | answer.data.resources | null`],
    );
  });

  it('reports requests that ask for more or read less', () => {
    const body = object(allEndpoints.cancelContract?.body);
    const cancel = 'PUT /api/v1/contracts/{id}/cancel';
    expect(replace('cancelContract', 'body', body.extend({ memo: z.string() }))).toEqual([
      `${cancel} | body.memo | newly required`,
    ]);
    expect(replace('cancelContract', 'body', body.extend({ reason: z.string() }))).toEqual([
      `${cancel} | body | example`,
      `${cancel} | body.reason | newly required`,
    ]);
    expect(replace('cancelContract', 'body', z.object({}))).toEqual([`${cancel} | body.memo | missing`]);
    expect(
      replace('cancelContract', 'body', body.extend({ memo: z.enum(['done', 'other']).optional() })),
    ).toEqual(expect.arrayContaining([`${cancel} | body.memo | fewer words`]));
    const query = object(allEndpoints.searchOfferings?.query);
    expect(replace('searchOfferings', 'query', query.omit({ country: true }))).toEqual([
      'GET /api/v1/offerings | query.country | missing',
    ]);
  });
});
