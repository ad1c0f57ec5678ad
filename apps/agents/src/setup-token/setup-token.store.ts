import { createHash, randomBytes } from 'node:crypto';
import { Database, isUniqueViolation, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { Page } from '../page.ts';
import { setupTokenText, shownOf, TOKEN_BYTES } from './domain/setup-token.ts';

export interface SetupTokenRow {
  shown: string;
  poolId: string;
  label: string | null;
  createdAtNs: bigint;
  expiresAtNs: bigint;
  usedAtNs: bigint | null;
  usedByAgent: string | null;
}

const COLUMNS = `shown, pool_id as "poolId", label, created_at_ns as "createdAtNs", expires_at_ns as "expiresAtNs",
  used_at_ns as "usedAtNs", used_by_agent as "usedByAgent"`;
const hashOf = (token: string) => createHash('sha256').update(token).digest('hex');

@Injectable()
export class SetupTokenStore {
  constructor(private readonly database: Database) {}

  /** Makes a token; the text is given back here and nowhere else. */
  async create(
    pool: { readonly poolId: string; readonly location: string },
    label: string | null,
    now: bigint,
    expiresAtNs: bigint,
  ): Promise<string> {
    for (;;) {
      const token = setupTokenText(pool.location, randomBytes(TOKEN_BYTES).toString('hex'));
      try {
        await this.database.query(
          `insert into setup_token (token_hash, shown, pool_id, label, created_at_ns, expires_at_ns)
           values ($1, $2, $3, $4, $5, $6)`,
          [hashOf(token), shownOf(token), pool.poolId, label, now, expiresAtNs],
        );
        return token;
      } catch (error) {
        if (!isUniqueViolation(error, 'setup_token_shown_key')) throw error;
      }
    }
  }

  /** Neither used nor expired, newest first. */
  listPending(poolId: string, page: Page, now: bigint): Promise<SetupTokenRow[]> {
    return this.database.query<SetupTokenRow>(
      `select ${COLUMNS} from setup_token
       where pool_id = $1 and used_at_ns is null and expires_at_ns > $2 and ($3::text is null or
         (created_at_ns, shown) < (select created_at_ns, shown from setup_token where shown = $3))
       order by created_at_ns desc, shown desc limit $4 offset $5`,
      [poolId, now, page.cursor ?? null, page.limit, page.offset],
    );
  }

  /** Takes the token itself or what lists show of it; false when the pool has no such unused token. */
  async delete(poolId: string, tokenOrShown: string): Promise<boolean> {
    const rows = await this.database.query(
      `delete from setup_token where pool_id = $1 and used_at_ns is null and (shown = $2 or token_hash = $3)
       returning 1`,
      [poolId, tokenOrShown, hashOf(tokenOrShown)],
    );
    return rows.length === 1;
  }

  /** The token, locked for the rest of the transaction. */
  async lock(sql: Sql, token: string): Promise<SetupTokenRow | undefined> {
    const [row] = await sql.query<SetupTokenRow>(
      `select ${COLUMNS} from setup_token where token_hash = $1 for update`,
      [hashOf(token)],
    );
    return row;
  }

  async markUsed(sql: Sql, token: string, agentPublicKey: string, now: bigint): Promise<void> {
    await sql.query(
      'update setup_token set used_at_ns = $2, used_by_agent = $3 where token_hash = $1 and used_at_ns is null',
      [hashOf(token), now, agentPublicKey],
    );
  }

  /** Forgets tokens that nobody used. */
  async purgeExpired(before: bigint): Promise<void> {
    await this.database.query('delete from setup_token where used_at_ns is null and expires_at_ns < $1', [
      before,
    ]);
  }
}
