import type { Sql } from './database.ts';

/** Something that may belong to a key. Names are those of the database. */
export interface HeldKind {
  /** In the plural: "pools". */
  readonly what: string;
  readonly table: string;
  /** It belongs to whoever is named in one of these columns. */
  readonly ownedBy: readonly string[];
  /** What has this column set is there no more. */
  readonly unless?: string;
}

const MOST_COUNTED = 1_000;

/** How much of each kind this owner has; of each at most 1,000 are counted. */
export async function countHeld(
  sql: Pick<Sql, 'query'>,
  owner: string,
  kinds: readonly HeldKind[],
): Promise<{ what: string; count: number }[]> {
  const counts = kinds.map(({ table, ownedBy, unless }, kind) => {
    const isOwn = ownedBy.map((column) => `${quoted(column)} = $1`).join(' or ');
    const isThere = unless === undefined ? '' : ` and ${quoted(unless)} is null`;
    const rows = `select 1 from ${quoted(table)} where (${isOwn})${isThere} limit ${MOST_COUNTED}`;
    return `select ${kind} as kind, count(*)::int as count from (${rows}) as held`;
  });
  const rows = await sql.query<{ kind: number; count: number }>(counts.join(' union all '), [owner]);
  return kinds.map(({ what }, kind) => ({ what, count: rows.find((row) => row.kind === kind)?.count ?? 0 }));
}

const quoted = (name: string): string => `"${name}"`;
