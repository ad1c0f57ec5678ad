import type { StoredJson } from '@decent-cloud/kernel';
import type { Sql } from './database.ts';
import type { Statement } from './statement.ts';

/** What the driver gives and takes as it is: text, int4, int8 (a bigint), bool, timestamptz (a Date) and text[]. */
type Plain = string | number | bigint | boolean | Date | null | undefined | readonly string[];

/** A column whose values are others in the code. Neither function ever sees null. */
export interface Conversion<Value> {
  readonly column: string;
  readonly read: (stored: unknown) => Value;
  readonly write: (value: Value) => unknown;
  /** Selected as this type of the database. */
  readonly cast?: 'text';
}

/** Read only: what the database works out. */
export interface Expression {
  readonly expression: string;
}

type ColumnFor<Value> =
  | ([Value] extends [Plain] ? string : never)
  | Conversion<NonNullable<Value>>
  | Expression;

/** Where each member is kept, all of them. */
type Definition<Row> = { readonly [Member in keyof Row]-?: ColumnFor<Row[Member]> };

/** Refuses members that `Known` does not have. */
type NoOther<Known, Given> = { readonly [Member in Exclude<keyof Given, keyof Known>]: never };

type Writable<Row, Given> = {
  [Member in keyof Row as Member extends keyof Given
    ? Given[Member] extends Expression
      ? never
      : Member
    : never]: Row[Member];
};

/** A column of JSON that is not ours: it is read as it was written. */
export const json = <Value>(column: string): Conversion<Value> => ({
  column,
  read: (kept) => kept as Value,
  write: (value) => JSON.stringify(value),
});

/**
 * A column of JSON, or of its text, that says in which version it was written.
 * @param cast `text` for a column of JSON with integers that JavaScript cannot read from it without loss
 */
export const stored = <Value extends object>(
  column: string,
  versions: StoredJson<Value>,
  cast?: 'text',
): Conversion<Value> => ({
  column,
  read: (kept) => (typeof kept === 'string' ? versions.readText(kept) : versions.read(kept)),
  write: (value) => versions.write(value),
  ...(cast && { cast }),
});

/** Something that is selected and never written. */
export const expression = (text: string): Expression => ({ expression: text });

interface Member {
  readonly name: string;
  readonly kept: string | Conversion<unknown> | Expression;
}

/** Parts of an update: `column = $3`, and what $3 and those after it are. */
export interface Changed {
  readonly sets: readonly string[];
  readonly values: readonly unknown[];
}

/**
 * The rows of one table as the code has them, `Row` read and `Written` written: parts of statements, made once and always
 * in the same order, so that a connection plans each statement once. Values never stand in them.
 */
export class RowMapper<Row extends object, Written extends object = Row> {
  /** The column of each member that can be written. */
  readonly columns: { readonly [Name in keyof Written]: string };
  /** `contract_id as "contractId", …` */
  readonly select: string;
  /** What is inserted: `contract_id, …` */
  readonly names: string;
  /** `label = excluded.label, …`, for a conflict that overwrites. */
  readonly excluded: string;
  private readonly written: readonly (Member & { readonly column: string })[];
  private readonly converted: readonly {
    readonly name: string;
    readonly read: (stored: unknown) => unknown;
  }[];

  constructor(private readonly members: readonly Member[]) {
    this.written = members.flatMap((member) => {
      const column = columnOf(member);
      return column === undefined ? [] : [{ ...member, column }];
    });
    this.converted = members.flatMap(({ name, kept }) =>
      typeof kept === 'object' && 'read' in kept ? [{ name, read: kept.read }] : [],
    );
    this.columns = Object.fromEntries(this.written.map(({ name, column }) => [name, column])) as {
      [Name in keyof Written]: string;
    };
    this.select = this.selectWith('');
    this.names = this.written.map(({ column }) => column).join(', ');
    this.excluded = this.written.map(({ column }) => `${column} = excluded.${column}`).join(', ');
  }

  /** The same columns of a table that has another name in the statement. */
  selectFrom(alias: string): string {
    return this.selectWith(`${alias}.`);
  }

  /** Places of what is inserted: `$1, $2, …` */
  places(first = 1): string {
    return this.written.map((_, index) => `$${first + index}`).join(', ');
  }

  /** What is inserted, in the order of `names`. */
  values<Given extends Written>(row: Given & NoOther<Written, Given>): unknown[] {
    return this.written.map((member) => storedOf(member, (row as Record<string, unknown>)[member.name]));
  }

  /** What a patch changes; members that it does not have, or as `undefined`, stay as they are. */
  changed<Given extends Partial<Written>>(patch: Given & NoOther<Written, Given>, first: number): Changed {
    const given = patch as Record<string, unknown>;
    const changed = this.written.filter(({ name }) => given[name] !== undefined);
    return {
      sets: changed.map(({ column }, index) => `${column} = $${first + index}`),
      values: changed.map((member) => storedOf(member, given[member.name])),
    };
  }

  /** What makes one row of another: members that are the same stay as they are. */
  difference(before: Written, after: Written, first: number): Changed {
    const [old, given] = [before as Record<string, unknown>, after as Record<string, unknown>];
    const changed = this.written.filter(({ name }) => old[name] !== given[name]);
    return {
      sets: changed.map(({ column }, index) => `${column} = $${first + index}`),
      values: changed.map((member) => storedOf(member, given[member.name])),
    };
  }

  /** Asks for rows of what `select` names. */
  async query(sql: Pick<Sql, 'query'>, statement: Statement, values?: readonly unknown[]): Promise<Row[]> {
    const rows = await sql.query<Record<string, unknown>>(statement, values);
    for (const { name, read } of this.converted) {
      for (const row of rows) {
        if (row[name] !== null) row[name] = read(row[name]);
      }
    }
    return rows as unknown as Row[];
  }

  /** Some members only. */
  pick<Name extends keyof Row & string>(
    ...names: readonly Name[]
  ): RowMapper<Pick<Row, Name>, Pick<Written, Name & keyof Written>> {
    const wanted: readonly string[] = names;
    return new RowMapper(this.members.filter(({ name }) => wanted.includes(name)));
  }

  /** All but some. */
  omit<Name extends keyof Row & string>(
    ...names: readonly Name[]
  ): RowMapper<Omit<Row, Name>, Omit<Written, Name>> {
    const unwanted: readonly string[] = names;
    return new RowMapper(this.members.filter(({ name }) => !unwanted.includes(name)));
  }

  /** And further members. */
  and<More extends object>() {
    return <const Given extends Definition<More>>(
      given: Given & NoOther<More, Given>,
    ): RowMapper<Row & More, Written & Writable<More, Given>> =>
      new RowMapper([...this.members, ...membersOf(given)]);
  }

  private selectWith(prefix: string): string {
    return this.members
      .map((member) => {
        const { name, kept } = member;
        if (typeof kept === 'object' && 'expression' in kept) return `${kept.expression} as "${name}"`;
        const cast = typeof kept === 'object' && kept.cast ? `::${kept.cast}` : '';
        return `${prefix}${columnOf(member)}${cast} as "${name}"`;
      })
      .join(', ');
  }
}

/** Maps rows: each member of `Row` to its column. A member that is missing or unknown does not compile. */
export const rowOf =
  <Row extends object>() =>
  <const Given extends Definition<Row>>(
    given: Given & NoOther<Row, Given>,
  ): RowMapper<Row, Writable<Row, Given>> =>
    new RowMapper(membersOf(given));

const membersOf = (definition: object): Member[] =>
  Object.entries(definition).map(([name, kept]: [string, Member['kept']]) => ({ name, kept }));

function columnOf({ kept }: Member): string | undefined {
  if (typeof kept === 'string') return kept;
  return 'column' in kept ? kept.column : undefined;
}

function storedOf({ kept }: Member, value: unknown): unknown {
  if (value === null || value === undefined || typeof kept === 'string' || !('write' in kept)) return value;
  return kept.write(value);
}
