import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import stripJsonComments from 'strip-json-comments';
import { z } from 'zod';

/**
 * `node tools/compatibility-page.mjs` makes docs/compatibility.md from libs/openapi/compatibility/differences.jsonc; with
 * `--check` it writes nothing and ends with 1 when the page says something else.
 */
const ROOT = resolve(import.meta.dirname, '..');
const DATA = join(ROOT, 'libs/openapi/compatibility/differences.jsonc');
const PAGE = join(ROOT, 'docs/compatibility.md');
const COLUMNS = 100;

const sentence = z.string().regex(/^(.*\S)?[.!?]$/, 'must be whole sentences');
const endpoint = z.string().regex(/^(GET|POST|PUT|PATCH|DELETE) \/api\/v1\/\S+$/, 'must be METHOD /api/v1/…');
const members = z.array(z.string()).min(1);
const difference = z
  .strictObject({
    area: z.string().min(1).optional(),
    endpoints: z.array(endpoint).min(1).optional(),
    before: sentence,
    now: sentence,
    why: sentence,
    clients: z.union([z.literal(false), sentence]),
    shape: z
      .strictObject({
        missing: members,
        type: members,
        'fewer words': members,
        'not always there': members,
        'newly required': members,
        null: members,
        example: members,
      })
      .partial()
      .optional(),
  })
  .refine(({ area, endpoints }) => (area === undefined) !== (endpoints === undefined), {
    error: 'needs either `area` or `endpoints`',
  })
  .refine(({ shape, endpoints }) => shape === undefined || endpoints !== undefined, {
    error: 'a `shape` needs `endpoints`',
  });
const differences = z.strictObject({
  sections: z.array(z.strictObject({ title: z.string().min(1), differences: z.array(difference).min(1) })),
  newEndpoints: z.array(z.strictObject({ endpoint, why: sentence })),
  undocumentedEndpoints: z.array(endpoint),
});
/** @typedef {z.output<typeof differences>} Differences */
/** @typedef {z.output<typeof difference>} Difference */

/** @param {string} text @returns {Differences} @throws Error that says what is wrong with the data */
export function readDifferences(text) {
  const { data, error } = differences.safeParse(JSON.parse(stripJsonComments(text)));
  if (error) throw new Error(`differences.jsonc:\n${z.prettifyError(error)}`);
  return data;
}

const INTRODUCTION = [
  'Shipped clients of the existing system must go on working. `libs/openapi/compatibility/` keeps what that system said about itself: its OpenAPI documents (`existing-api.json`, `existing-api-early-2026.json`) and one recorded request and answer for each of 175 endpoints (`existing-answers.jsonl`). `libs/openapi/src/compatibility.spec.ts` holds every endpoint that we declare against them: names, types, what is always there, `null` against absent, and whether the recorded requests and answers parse exactly. Whatever differs stands on this page, with what shipped clients (browser, agents, command line) see of it.',
  'The page is made from `libs/openapi/compatibility/differences.jsonc` by `npm run generate`. The spec reads the same file: a difference in shape that is not there fails, and so does one that is not so (any more), an endpoint or a reason of refusal that is not declared, and a new endpoint that is not listed. Differences in shape are `missing`, `type`, `fewer words` (a request may say less), `not always there`, `newly required`, `null` and `example` (a recorded one does not parse).',
];

/** @param {Differences} data @returns {string} the page: by area and endpoint, no line longer than 100 columns */
export function compatibilityPage({ sections, newEndpoints, undocumentedEndpoints }) {
  const blocks = [
    '<!-- Made from libs/openapi/compatibility/differences.jsonc by `npm run generate`. -->',
    '# Compatibility with the existing API',
    ...INTRODUCTION.map((text) => wrapped(text)),
    ...sections.flatMap(({ title, differences }) => [`## ${title}`, ...groupsOf(differences)]),
    '## New endpoints',
    newEndpoints
      .map(({ endpoint, why }) => [wrapped(`- ${code(endpoint)}`), wrapped(`  ${why}`)].join('\n'))
      .join('\n'),
    wrapped(
      `The existing system has ${listed(undocumentedEndpoints)} too, but neither its documents nor the recordings name them.`,
    ),
  ];
  const page = `${blocks.join('\n\n')}\n`;
  const long = page.split('\n').find((line) => [...line].length > COLUMNS);
  if (long) throw new Error(`longer than ${COLUMNS} columns, and cannot be wrapped: ${long}`);
  return page;
}

/**
 * One heading for each area and endpoint, in the order of the data. What is of several endpoints is told under the first.
 * @param {readonly Difference[]} differences
 */
function groupsOf(differences) {
  /** @type {Map<string, { told: Difference[], elsewhere: Set<string> }>} */
  const groups = new Map();
  const groupOf = (/** @type {string} */ heading) => {
    const group = groups.get(heading) ?? { told: [], elsewhere: new Set() };
    groups.set(heading, group);
    return group;
  };
  for (const one of differences) {
    const [first = '', ...others] = one.endpoints?.map(code) ?? [one.area ?? ''];
    groupOf(first).told.push(one);
    for (const other of others) groupOf(other).elsewhere.add(first);
  }
  return [...groups].map(([heading, { told, elsewhere }]) =>
    [
      `### ${heading}`,
      '',
      ...told.map(entryOf),
      ...[...elsewhere].map((first) => wrapped(`- See also ${first}.`)),
    ].join('\n'),
  );
}

/** @param {Difference} difference */
function entryOf({ endpoints = [], before, now, why, clients, shape = {} }) {
  const others = endpoints.slice(1);
  const shapes = Object.entries(shape).map(
    ([kind, names]) => `  **Shape:** \`${kind}\`: ${listed(names ?? [])}.`,
  );
  return [
    `- **Before:** ${before}`,
    `  **Now:** ${now}`,
    `  **Why:** ${why}`,
    `  **Shipped clients:** ${clients || 'see nothing of it.'}`,
    ...shapes,
    ...(others.length > 0 ? [`  **Also of** ${listed(others)}.`] : []),
  ]
    .map((line) => wrapped(line))
    .join('\n');
}

const code = (/** @type {string} */ text) => `\`${text}\``;
const listed = (/** @type {readonly string[]} */ names) => names.map(code).join(', ');

/**
 * Breaks between words, never inside of code; what follows is indented like the text of a list.
 * @param {string} text
 */
function wrapped(text) {
  const indent = /^\s*(- )?/.exec(text)?.[0] ?? '';
  const lines = [indent];
  for (const word of text.slice(indent.length).match(/(?:[^\s`]|`[^`]*`)+/g) ?? []) {
    const line = lines.at(-1) ?? '';
    const isFirst = line.trim() === '' || line === indent;
    const longer = isFirst ? `${line}${word}` : `${line} ${word}`;
    if (isFirst || [...longer].length <= COLUMNS) lines[lines.length - 1] = longer;
    else lines.push(' '.repeat(indent.length) + word);
  }
  return lines.join('\n');
}

/** @param {boolean} onlyCheck @returns {Promise<boolean>} whether the page is what the data makes */
export async function makeCompatibilityPage(onlyCheck) {
  const page = compatibilityPage(readDifferences(await readFile(DATA, 'utf8')));
  const isCurrent = (await readFile(PAGE, 'utf8')) === page;
  if (!isCurrent && !onlyCheck) await writeFile(PAGE, page);
  return isCurrent;
}

if (process.argv[1] && resolve(process.argv[1]) === import.meta.filename) {
  const onlyCheck = process.argv.includes('--check');
  const isCurrent = await makeCompatibilityPage(onlyCheck);
  if (onlyCheck && !isCurrent) {
    console.error('docs/compatibility.md is not what differences.jsonc makes: run `npm run generate`');
    process.exitCode = 1;
  } else if (!isCurrent) console.log('made docs/compatibility.md');
}
