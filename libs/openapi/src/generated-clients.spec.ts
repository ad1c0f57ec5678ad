import { readdirSync, readFileSync } from 'node:fs';
import { allEndpoints } from '@decent-cloud/messages/endpoints';
import { getOpenapi } from '@decent-cloud/messages/gateway';
import { openapiDocument } from './openapi-document.ts';

// Nothing here runs Go or Python: it holds docs/generated-clients.md and its programs against the document.
const DOCS = new URL('../../../docs/', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, DOCS), 'utf8');
const all = (text: string, form: RegExp) =>
  [...text.matchAll(form)].map(([, ...groups]) => groups as string[]);

const page = read('generated-clients.md');
const sourcesOf = (folder: string, ending: string) =>
  readdirSync(new URL(folder, DOCS))
    .filter((name) => name.endsWith(ending))
    .map((name) => read(`${folder}${name}`));
const go = sourcesOf('examples/go/', '.go');
const python = sourcesOf('examples/python/', '.py');
const goMain = read('examples/go/main.go');
const pythonMain = read('examples/python/main.py');

const document = openapiDocument(allEndpoints, { version: '0', serverUrl: 'http://localhost:59011' });
const operations = new Map<string, { tags: string[]; security: object[] }>(
  Object.values(document.paths ?? {})
    .flatMap((methods) => Object.values(methods))
    .map((operation) => [operation.operationId, operation]),
);
const schemas = (document.components?.schemas ?? {}) as Record<string, { properties?: object }>;
const membersOf = (schema: string) => Object.keys(schemas[schema]?.properties ?? {});

/** The names that the generators make: `GetWallet`, `get_wallet`, `balance_e9_s`. */
const inGo = (name: string) =>
  name
    .split('_')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
const inPython = (name: string) =>
  name
    .replaceAll(/([a-z0-9])([A-Z])|([0-9])([a-z])/g, '$1$3_$2$4')
    .replaceAll(/[ -]/g, '_')
    .toLowerCase();

const OPEN = ['getHealth', 'searchOfferings'];
const SIGNED = ['getWallet'];

describe('docs/generated-clients.md', () => {
  it('names operations that the document has, open and signed as the programs call them', () => {
    for (const id of [...OPEN, ...SIGNED]) {
      expect([...operations.keys()]).toContain(id);
      expect(page).toContain(`\`${id}\``);
    }
    for (const id of OPEN) expect(operations.get(id)?.security).toEqual([]);
    for (const id of SIGNED) expect(operations.get(id)?.security[0]).toHaveProperty('X-Signature');
    const calls = all(goMain, /\b(anybody|signed)\.(\w+)WithResponse\(/g);
    expect(calls).toEqual([
      ...OPEN.map((id) => ['anybody', inGo(id)]),
      ...SIGNED.map((id) => ['signed', inGo(id)]),
    ]);
    const asked = all(pythonMain, /\b(\w+)\.sync_detailed\(.*client=(\w+)/g);
    expect(asked).toEqual([
      ...OPEN.map((id) => [inPython(id), 'anybody']),
      ...SIGNED.map((id) => [inPython(id), 'signed']),
    ]);
  });

  it('has a Python program that imports operations from where their tags put them', () => {
    const imports = all(pythonMain, /^from decent_cloud\.api\.(\w+) import (\w+)$/gm);
    const expected = [...OPEN, ...SIGNED].map((id) => [
      inPython(operations.get(id)?.tags[0] as string),
      inPython(id),
    ]);
    expect(imports.sort()).toEqual(expected.sort());
  });

  it.each([
    ['HealthResponse', ['message']],
    ['Offering', ['offer_name', 'monthly_price', 'currency']],
    ['WalletResponse', ['balanceE9s']],
    ['ErrorEnvelope', ['code', 'error', 'requestId']],
  ])('has programs that read members which %s has', (schema, members) => {
    expect(membersOf(schema)).toEqual(expect.arrayContaining(members));
    for (const member of members) {
      expect(goMain).toMatch(new RegExp(`\\.${inGo(member)}\\b`));
      expect(pythonMain).toMatch(new RegExp(`\\.${inPython(member)}\\b`));
    }
  });

  it('quotes the programs as they are', () => {
    const quoted = all(page, /^```(go|python)\n([\s\S]*?)^```$/gm);
    expect(quoted.length).toBeGreaterThan(2);
    for (const [language, text = ''] of quoted) {
      expect((language === 'go' ? go : python).filter((source) => source.includes(text))).toHaveLength(1);
    }
  });

  it('asks where the document is', () => {
    expect(page).toContain(`\`${getOpenapi.path}\``);
    expect(all(page, /curl -fsS http:\/\/localhost:59011(\S+) /g)).toEqual([
      [getOpenapi.path],
      [getOpenapi.path],
    ]);
  });

  it('names the versions that the programs are held to', () => {
    const inRequirements = all(read('examples/python/requirements.txt'), /^([\w-]+==\S+)$/gm).flat();
    expect(inRequirements.length).toBeGreaterThan(3);
    for (const pinned of inRequirements) expect(page).toContain(`\`${pinned}\``);
    const inModule = all(read('examples/go/go.mod'), /^\t(\S+) (v\S+)$/gm);
    expect(inModule.length).toBeGreaterThan(1);
    for (const [module, version] of inModule) expect(page).toContain(`\`${module}\` ${version}`);
    const [[command] = [], ...others] = all(page, /go run \S+\/cmd\/oapi-codegen@(v\S+) /g);
    expect(others).toEqual([]);
    expect(page).toContain(`\`github.com/oapi-codegen/oapi-codegen/v2\` ${command} |`);
  });
});
