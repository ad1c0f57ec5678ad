import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { Refusal } from '@decent-cloud/kernel';
import { Database, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { AcmeCredentials } from './domain/acme-update.ts';

const MOST_GATEWAYS = 50;
const KEY_BYTES = 24;
const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest();
const NOBODY = hashOf('');

/** One at a time for a provider, so that what it has can be counted. */
export const lockProvider = (sql: Sql, provider: string): Promise<unknown> =>
  sql.query(`select pg_advisory_xact_lock(hashtextextended('dns of ' || $1, 0))`, [provider]);

@Injectable()
export class DcGatewayStore {
  constructor(private readonly database: Database) {}

  /**
   * Takes the dc_id for its first provider, and gives the same one new credentials. They are given back here and nowhere
   * else. @throws Refusal CONFLICT when it is another's, or the provider has too many
   */
  async register(dcId: string, provider: string, now: bigint): Promise<AcmeCredentials> {
    const user = randomUUID();
    const key = randomBytes(KEY_BYTES).toString('base64url');
    await this.database.transaction(async (sql) => {
      await lockProvider(sql, provider);
      const rows = await sql.query(
        `insert into dc_gateway (dc_id, provider_public_key, acme_user, acme_key_hash, registered_at_ns, rotated_at_ns)
         values ($1, $2, $3, $4, $5, $5)
         on conflict (dc_id) do update set acme_user = excluded.acme_user, acme_key_hash = excluded.acme_key_hash,
           rotated_at_ns = excluded.rotated_at_ns
         where dc_gateway.provider_public_key = excluded.provider_public_key
         returning 1`,
        [dcId, provider, user, hashOf(key).toString('hex'), now],
      );
      if (rows.length === 0) {
        const text = `dc_id '${dcId}' is already registered to a different provider`;
        throw new Refusal('CONFLICT', 'DC_ID_TAKEN', text);
      }
      const [row] = await sql.query<{ count: number }>(
        'select count(*)::int as count from dc_gateway where provider_public_key = $1',
        [provider],
      );
      if ((row?.count ?? 0) > MOST_GATEWAYS) {
        throw new Refusal('CONFLICT', 'DNS_LIMIT', `A provider can have at most ${MOST_GATEWAYS} dc_ids`);
      }
    });
    return { user, key };
  }

  /** @throws Refusal FORBIDDEN unless the dc_id is registered to this provider */
  async assertOwner(sql: Sql, dcId: string, provider: string): Promise<void> {
    const rows = await sql.query('select 1 from dc_gateway where dc_id = $1 and provider_public_key = $2', [
      dcId,
      provider,
    ]);
    if (rows.length === 1) return;
    throw new Refusal('FORBIDDEN', 'NOT_OWNER', `dc_id '${dcId}' is not registered to this provider`);
  }

  /** The dc_id that these credentials are for. Constant time. */
  async findByCredentials({ user, key }: AcmeCredentials): Promise<string | undefined> {
    const [row] = await this.database.query<{ dcId: string; keyHash: string }>(
      'select dc_id as "dcId", acme_key_hash as "keyHash" from dc_gateway where acme_user = $1',
      [user],
    );
    const isRight = timingSafeEqual(row ? Buffer.from(row.keyHash, 'hex') : NOBODY, hashOf(key));
    return isRight ? row?.dcId : undefined;
  }

  /** The newest answer to a challenge; with it the one before is kept. */
  async addTxt(dcId: string, txt: string): Promise<void> {
    await this.database.query(
      `update dc_gateway set txt_values = (array[$2] || array_remove(txt_values, $2))[1:2] where dc_id = $1`,
      [dcId, txt],
    );
  }

  async txtOf(dcId: string): Promise<readonly string[]> {
    const [row] = await this.database.query<{ values: string[] }>(
      'select txt_values as values from dc_gateway where dc_id = $1',
      [dcId],
    );
    return row?.values ?? [];
  }
}
