import { readFileSync } from 'node:fs';
import { parseExactJson } from '@decent-cloud/kernel';
import type { EndpointDeclaration } from '@decent-cloud/messages/endpoint';
import { allEndpoints } from '@decent-cloud/messages/endpoints';
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

/** The rows under "Differences in shape" of docs/compatibility.md; a row may name several members. */
function documentedDifferences(): string[] {
  const markdown = read('../../../docs/compatibility.md');
  const section = markdown.split('## Differences in shape')[1]?.split('\n## ')[0] ?? '';
  const cells = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));
  return cells.flatMap(([, endpoint, members, difference, why]) => {
    if (!why) throw new Error(`no reason given: ${endpoint} ${members}`);
    return (members ?? '').split(',').map((member) => `${endpoint} | ${member.trim()} | ${difference}`);
  });
}

describe('compatibility with the existing API', () => {
  it('finds nothing that docs/compatibility.md does not explain, and the page explains nothing that is not so', () => {
    expect(allDifferences(allEndpoints)).toEqual(documentedDifferences().sort());
  });

  it('covers most of what we declare', () => {
    const known = new Set(Object.keys(existing.paths).map((path) => plainPath(`/api/v1${path}`)));
    const held = Object.values(allEndpoints).filter((endpoint) => known.has(plainPath(endpoint.path)));
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
    const query = object(allEndpoints.searchOfferings?.query);
    expect(replace('searchOfferings', 'query', query.omit({ country: true }))).toEqual([
      'GET /api/v1/offerings | query.country | missing',
    ]);
  });
});
