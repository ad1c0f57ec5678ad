import { lineWhere } from './source.mjs';

/** @typedef {import('./source.mjs').Parsed} Parsed */

/** Apps that are no service: they look into the databases of others, or have rows that are none. */
const NO_SERVICE = ['bench', 'e2e', 'simulator'];
/** Stores, and what is counted for Prometheus. */
const MAY_HAVE_SQL = /\.store\.ts$|metrics\.ts$/;

/** How statements begin. Words at the beginning of a sentence have one capital letter, SQL has none or all. */
const STATEMENTS = [
  /^\s*(select|with \w+ as( materialized)? \()[\s\S]*\bfrom\b/,
  /^\s*select \d/,
  /^\s*insert into \S/,
  /^\s*update \w+( \w+)? set\b/,
  /^\s*delete from \S/,
  /^\s*set (local|session|transaction) /,
  /^\s*(create|alter|drop|truncate|lock) table \S/,
];
/** Parts that are put together to one: the columns of a row, a condition. */
const PARTS = [/\b\w+ as "\w+"/, /\bwhere [\w.]+ (=|<|>|<=|>=|<>|in|is|like) /, /\w = (any\()?\$\d/];

/**
 * Statements live in stores.
 * @param {{ app: string, hasDatabase: boolean }} project `query` of one without a database is that of a URL
 * @param {string} name path of the source from the root @param {string} text @param {Parsed} parsed
 * @returns {string[]}
 */
export function sqlFaults({ app, hasDatabase }, name, text, { calls, texts }) {
  const isChecked = name.startsWith(`apps/${app}/src/`) && !NO_SERVICE.includes(app);
  if (!isChecked || MAY_HAVE_SQL.test(name)) return [];
  const asks =
    hasDatabase && calls.some((method) => method === 'query' || /^\$(query|execute)Raw/.test(method));
  const statement = /\.spec\.ts$/.test(name) ? undefined : texts.find(isSql);
  const faults = [];
  if (asks) {
    const line = lineWhere(text, (candidate) => /\bquery\b.*[<(]|\$(query|execute)Raw/.test(candidate));
    faults.push(`${name}:${line}: asks the database: that is for a *.store.ts`);
  }
  if (statement !== undefined) {
    const first = statement.trim().split('\n')[0]?.split('  ')[0] ?? '';
    const line = lineWhere(text, (candidate) => candidate.includes(first));
    faults.push(`${name}:${line}: has SQL: that is for a *.store.ts`);
  }
  return faults;
}

/** @param {string} text */
function isSql(text) {
  const low = text.toUpperCase() === text ? text.toLowerCase() : text;
  return [...STATEMENTS, ...PARTS].some((pattern) => pattern.test(low));
}
