import { compatibilityPage, makeCompatibilityPage, readDifferences } from './compatibility-page.mjs';

const ONE = '/api/v1/one';
const told = (change: object) => ({ before: 'A.', now: 'B.', why: 'C.', clients: false, ...change });
const textOf = (differences: object[]) =>
  JSON.stringify({
    sections: [{ title: 'Things', differences }],
    newEndpoints: [{ endpoint: `GET ${ONE}/new`, why: 'Asked for.' }],
    undocumentedEndpoints: [`GET ${ONE}/old`],
  });
const pageOf = (...differences: object[]) => compatibilityPage(readDifferences(textOf(differences)));

test('docs/compatibility.md is what differences.jsonc makes', async () => {
  expect(await makeCompatibilityPage(true)).toBe(true);
});

test('each endpoint has a heading, with what is told of it here and elsewhere', () => {
  const page = pageOf(
    told({ endpoints: [`GET ${ONE}`, `PUT ${ONE}`], shape: { missing: ['body.a', 'body.b'] } }),
    told({ area: 'Names', clients: 'Another name.' }),
    told({ endpoints: [`PUT ${ONE}`], before: 'D.' }),
    told({ endpoints: [`GET ${ONE}`], before: 'E.' }),
  );
  const [, things] = page.split('## Things\n');
  expect(things).toBe(`
### \`GET ${ONE}\`

- **Before:** A.
  **Now:** B.
  **Why:** C.
  **Shipped clients:** see nothing of it.
  **Shape:** \`missing\`: \`body.a\`, \`body.b\`.
  **Also of** \`PUT ${ONE}\`.
- **Before:** E.
  **Now:** B.
  **Why:** C.
  **Shipped clients:** see nothing of it.

### \`PUT ${ONE}\`

- **Before:** D.
  **Now:** B.
  **Why:** C.
  **Shipped clients:** see nothing of it.
- See also \`GET ${ONE}\`.

### Names

- **Before:** A.
  **Now:** B.
  **Why:** C.
  **Shipped clients:** Another name.

## New endpoints

- \`GET ${ONE}/new\`
  Asked for.

The existing system has \`GET ${ONE}/old\` too, but neither its documents nor the recordings name
them.
`);
});

test('lines have 100 columns at most, and code is in one of them', () => {
  const code = '`{ "success": false, "error": "text" }`';
  const page = pageOf(told({ area: 'Names', now: `${`word ${code}, `.repeat(12)}end.` }));
  const lines = page.split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  expect(lines.join(' ').split(code)).toHaveLength(13);
  expect(() => pageOf(told({ area: `Names of ${'x'.repeat(90)}` }))).toThrow(/longer than 100 columns/);
});

test.each([
  ['without a reason', told({ area: 'Names', why: undefined })],
  ['with an empty reason', told({ area: 'Names', why: '' })],
  ['that does not say whether clients see it', told({ area: 'Names', clients: undefined })],
  ['of nothing', told({})],
  ['of an area and an endpoint', told({ area: 'Names', endpoints: [`GET ${ONE}`] })],
  ['of a path without its method', told({ endpoints: [ONE] })],
  ['in the shape of an area', told({ area: 'Names', shape: { missing: ['body.a'] } })],
  ['of an unknown kind', told({ endpoints: [`GET ${ONE}`], shape: { smaller: ['body.a'] } })],
  ['with a member too many', told({ area: 'Names', because: 'C.' })],
])('a difference %s is refused', (_what, difference) => {
  expect(() => readDifferences(textOf([difference]))).toThrow(/differences\.jsonc/);
});
