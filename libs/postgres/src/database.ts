import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { crash, Refusal } from '@decent-cloud/kernel';
import pg from 'pg';
import { type Statement, StatementNames } from './statement.ts';

/** What runs inside one transaction (or alone, on the pool). Rows have int8 as bigint. */
export interface Sql {
  query<Row extends object>(statement: Statement, values?: readonly unknown[]): Promise<Row[]>;
  /** Wakes those in this process who wait for it, once what was written is committed. */
  signal(name: string): void;
}

export interface DatabaseOptions {
  readonly connectionString: string;
  readonly applicationName: string;
  readonly maxConnections?: number;
  readonly statementTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
  /** Of requests that somebody waits for. */
  readonly gate?: Gate;
}

/** Keeps work from beginning, and from being committed, that nobody waits for any more. */
export interface Gate {
  /** Throws when it is too late: before a statement or transaction begins, and before one is committed. */
  readonly assertInTime: () => void;
  /** Something was committed. */
  readonly noteChange: () => void;
}

const INT8_OID = 20;
const TIMESTAMPTZ_OID = 1184;
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';
const MAX_TRANSACTION_ATTEMPTS = 4;
/** A service has fewer; each costs every connection some 20 kB. */
const MAX_KEPT_STATEMENTS = 300;

const types: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === INT8_OID) return (text: string) => BigInt(text);
    if (oid === TIMESTAMPTZ_OID) return (text: string) => new Date(text);
    return pg.types.getTypeParser(oid, format as 'text');
  },
};

/** One service's Postgres: a pool with timeouts, and transactions that are repeated on deadlock or serialization failure. */
export class Database implements Sql {
  readonly pool: pg.Pool;
  private readonly signals = new EventEmitter();
  private readonly names = new StatementNames(MAX_KEPT_STATEMENTS);

  constructor(readonly options: DatabaseOptions) {
    this.pool = new pg.Pool({
      connectionString: options.connectionString,
      application_name: options.applicationName,
      max: options.maxConnections ?? 10,
      connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
      statement_timeout: options.statementTimeoutMs ?? 10_000,
      idle_in_transaction_session_timeout: 15_000,
      types,
    });
    // An idle connection that breaks is replaced by the pool; the next query reports what is wrong.
    this.pool.on('error', () => undefined);
    // The same for one that is lent out and waits: without a listener Node would end the process.
    this.pool.on('connect', (client) => client.on('error', () => undefined));
  }

  async query<Row extends object>(statement: Statement, values: readonly unknown[] = []): Promise<Row[]> {
    const { gate } = this.options;
    if (!gate) return (await this.pool.query<Row>(this.configOf(statement, values))).rows;
    gate.assertInTime();
    const client = await this.pool.connect();
    let fault: unknown;
    try {
      // It may have waited for a connection.
      gate.assertInTime();
      return (await client.query<Row>(this.configOf(statement, values))).rows;
    } catch (error) {
      fault = error;
      throw error;
    } finally {
      client.release(fault !== undefined && !(fault instanceof Refusal));
    }
  }

  /** The time by the server's clock, in Unix nanoseconds; while it answers, not when a transaction began. */
  async now(): Promise<bigint> {
    const [row] = await this.query<{ us: bigint }>(
      'select (extract(epoch from clock_timestamp()) * 1000000)::bigint as us',
    );
    if (!row) throw new Error('the database does not tell the time');
    return row.us * 1_000n;
  }

  /** One statement that is a whole change: a transaction of its own, which may name what to signal. */
  async write<Row extends object>(
    statement: Statement,
    values: readonly unknown[],
    signal: string,
  ): Promise<Row[]> {
    const point = crash.points?.nextHere('before-commit');
    if (point !== undefined) crash.points?.pass(point);
    const rows = await this.query<Row>(statement, values);
    this.options.gate?.noteChange();
    this.signal(signal);
    return rows;
  }

  signal(name: string): void {
    this.signals.emit(name);
  }

  /** Gives what ends it. */
  onSignal(name: string, listener: () => void): () => void {
    this.signals.on(name, listener);
    return () => this.signals.off(name, listener);
  }

  /** Runs `work` in one transaction: commit when it returns, rollback when it throws. `work` may run more than once. */
  async transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const point = crash.points?.nextHere('before-commit');
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(work, point);
      } catch (error) {
        if (attempt >= MAX_TRANSACTION_ATTEMPTS || !isConcurrencyConflict(error)) throw error;
        await sleep(Math.random() * 20 * attempt);
      }
    }
  }

  private async attempt<T>(work: (sql: Sql) => Promise<T>, point: string | undefined): Promise<T> {
    const { gate } = this.options;
    gate?.assertInTime();
    const client = await this.pool.connect();
    let broken = false;
    try {
      gate?.assertInTime();
      await client.query('begin');
      const signals = new Set<string>();
      const sql: Sql = {
        query: async <Row extends object>(statement: Statement, values: readonly unknown[] = []) =>
          (await client.query<Row>(this.configOf(statement, values))).rows,
        signal: (name) => signals.add(name),
      };
      const result = await work(sql);
      if (point !== undefined) crash.points?.pass(point);
      gate?.assertInTime();
      await client.query('commit');
      gate?.noteChange();
      for (const name of signals) this.signal(name);
      return result;
    } catch (error) {
      await client.query('rollback').catch(() => {
        broken = true;
      });
      throw error;
    } finally {
      client.release(broken);
    }
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private configOf(statement: Statement, values: readonly unknown[]): pg.QueryConfig {
    if (typeof statement !== 'string')
      return { text: statement.plannedEachTime, values: values as unknown[] };
    const name = this.names.of(statement);
    return { text: statement, values: values as unknown[], ...(name !== undefined && { name }) };
  }
}

function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}

function isConcurrencyConflict(error: unknown): boolean {
  const code = codeOf(error);
  return code === SERIALIZATION_FAILURE || code === DEADLOCK_DETECTED;
}

/** True when a unique key (the named one, if given) refused a row. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  if (codeOf(error) !== '23505') return false;
  return constraint === undefined || (error as { constraint?: string }).constraint === constraint;
}

/** True when a check constraint (the named one, if given) refused a row. */
export function isCheckViolation(error: unknown, constraint?: string): boolean {
  if (codeOf(error) !== '23514') return false;
  return constraint === undefined || (error as { constraint?: string }).constraint === constraint;
}

const UNAVAILABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  '57P01', // admin shutdown
  '57P02', // crash shutdown
  '57P03', // cannot connect now
  '53300', // too many connections
  '53100', // disk full
  '53200', // out of memory
  '58030', // I/O error
  '25006', // read only: a standby, or what some hosters make of a database without room
  '08000',
  '08001',
  '08003',
  '08004',
  '08006',
]);

/** True when the database has no room. Nothing was changed. */
export function isStorageFull(error: unknown): boolean {
  return codeOf(error) === '53100';
}

/** True when the database cannot work at the moment: wait and try again, the statement itself is not at fault. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== undefined && UNAVAILABLE.has(code)) return true;
  return (
    error instanceof Error &&
    /timeout exceeded when trying to connect|Connection terminated/.test(error.message)
  );
}
