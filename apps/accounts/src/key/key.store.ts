import { Refusal } from '@decent-cloud/kernel';
import { type Sql } from '@decent-cloud/postgres';
import type { User } from '@decent-cloud/runtime';
import { Injectable } from '@nestjs/common';
import type { KeyRow } from '../account/domain/account-view.ts';

export interface NewKey {
  readonly id: string;
  readonly accountId: string;
  readonly publicKey: string;
  readonly proven: boolean;
  readonly operationId: string;
}

export interface Owner {
  readonly accountId: string;
  /** Of the key that signed. */
  readonly keyId: string;
}

const COLUMNS = `id, public_key as "publicKey", added_at_ns as "addedAtNs", is_active as "isActive", proven,
  device_name as "deviceName", disabled_at_ns as "disabledAtNs", disabled_by_key_id as "disabledByKeyId"`;

const LOCK_OWNED = `select a.id, k.id as "keyId", k.is_active as "isActive"
   from account a left join account_key k on k.account_id = a.id and k.public_key = $2
   where a.canonical_username = $1 for update of a`;
const FIND = `select ${COLUMNS} from account_key where id = $1 and account_id = $2`;
const RENAME = `update account_key set device_name = $3 where id = $1 and account_id = $2 returning ${COLUMNS}`;

@Injectable()
export class KeyStore {
  /**
   * Locks the account of this name and makes sure that the signing key is an active one of it.
   * @throws Refusal NOT_FOUND, or FORBIDDEN with the endpoint's own text.
   */
  async lockOwned(sql: Sql, username: string, user: User, notYours: string): Promise<Owner> {
    const [row] = await sql.query<{ id: string; keyId: string | null; isActive: boolean | null }>(
      LOCK_OWNED,
      [username.trim().toLowerCase(), user.publicKey],
    );
    if (!row) throw new Refusal('NOT_FOUND', 'ACCOUNT_NOT_FOUND', 'Account not found');
    if (row.keyId === null) throw new Refusal('FORBIDDEN', 'NOT_OWNER', notYours);
    // Read again under the lock: it may have been disabled while we waited.
    const key = await this.find(sql, row.id, row.keyId);
    if (!key?.isActive) {
      throw new Refusal('FORBIDDEN', 'KEY_DISABLED', 'Authenticated key not found or not active');
    }
    return { accountId: row.id, keyId: key.id };
  }

  async find(sql: Sql, accountId: string, keyId: string): Promise<KeyRow | undefined> {
    const [row] = await sql.query<KeyRow>(FIND, [keyId, accountId]);
    return row;
  }

  async findByOperation(sql: Sql, accountId: string, operationId: string): Promise<KeyRow | undefined> {
    const [row] = await sql.query<KeyRow>(
      `select ${COLUMNS} from account_key where operation_id = $1 and account_id = $2`,
      [operationId, accountId],
    );
    return row;
  }

  async exists(sql: Sql, keyId: string): Promise<boolean> {
    return (await sql.query('select 1 from account_key where id = $1', [keyId])).length > 0;
  }

  async count(sql: Sql, accountId: string): Promise<{ active: number; all: number }> {
    const [row] = await sql.query<{ active: number; all: number }>(
      `select count(*) filter (where is_active)::int as active, count(*)::int as "all"
       from account_key where account_id = $1`,
      [accountId],
    );
    return row ?? { active: 0, all: 0 };
  }

  /** Undefined when the key belongs to an account already. */
  async insert(sql: Sql, key: NewKey, now: bigint): Promise<KeyRow | undefined> {
    const [row] = await sql.query<KeyRow>(
      `insert into account_key (id, account_id, public_key, proven, operation_id, added_at_ns)
       values ($1, $2, $3, $4, $5, $6) on conflict (public_key) do nothing returning ${COLUMNS}`,
      [key.id, key.accountId, key.publicKey, key.proven, key.operationId, now],
    );
    return row;
  }

  /** Undefined when the account has no such key. */
  async rename(
    sql: Sql,
    accountId: string,
    keyId: string,
    deviceName: string | null,
  ): Promise<KeyRow | undefined> {
    const [row] = await sql.query<KeyRow>(RENAME, [keyId, accountId, deviceName]);
    return row;
  }

  /** Undefined when it is disabled already. */
  async disable(sql: Sql, keyId: string, byKeyId: string, now: bigint): Promise<KeyRow | undefined> {
    const [row] = await sql.query<KeyRow>(
      `update account_key set is_active = false, disabled_at_ns = $3, disabled_by_key_id = $2
       where id = $1 and is_active returning ${COLUMNS}`,
      [keyId, byKeyId, now],
    );
    return row;
  }

  /** Takes a key that its holder never signed for out of an account. */
  async release(sql: Sql, accountId: string, publicKey: string): Promise<boolean> {
    const rows = await sql.query(
      'delete from account_key where account_id = $1 and public_key = $2 and is_active and not proven returning 1',
      [accountId, publicKey],
    );
    return rows.length === 1;
  }
}
