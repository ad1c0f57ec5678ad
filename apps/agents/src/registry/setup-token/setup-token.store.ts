import { createHash, randomBytes } from 'node:crypto';
import { Database, isUniqueViolation, rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { Page } from '../../page.ts';
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

const tokenRow = rowOf<SetupTokenRow>()({
  shown: 'shown',
  poolId: 'pool_id',
  label: 'label',
  createdAtNs: 'created_at_ns',
  expiresAtNs: 'expires_at_ns',
  usedAtNs: 'used_at_ns',
  usedByAgent: 'used_by_agent',
});
const newTokenRow = tokenRow.omit('usedAtNs', 'usedByAgent').and<{ readonly tokenHash: string }>()({
  tokenHash: 'token_hash',
});
const INSERT = `insert into setup_token (${newTokenRow.names}) values (${newTokenRow.places()})`;
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
          INSERT,
          newTokenRow.values({
            tokenHash: hashOf(token),
            shown: shownOf(token),
            poolId: pool.poolId,
            label,
            createdAtNs: now,
            expiresAtNs,
          }),
        );
        return token;
      } catch (error) {
        if (!isUniqueViolation(error, 'setup_token_shown_key')) throw error;
      }
    }
  }

  /** Neither used nor expired, newest first. */
  listPending(poolId: string, page: Page, now: bigint): Promise<SetupTokenRow[]> {
    return tokenRow.query(
      this.database,
      `select ${tokenRow.select} from setup_token
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
    const [row] = await tokenRow.query(
      sql,
      `select ${tokenRow.select} from setup_token where token_hash = $1 for update`,
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
