import { Refusal } from '@decent-cloud/kernel';
import { expression, rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { accountNotFound, type KeyCounts } from './domain/key-rules.ts';
import type { KeyRow } from './domain/key-view.ts';

export interface NewKey {
  readonly id: string;
  readonly accountId: string;
  readonly publicKey: string;
  readonly operationId: string;
  readonly deviceName?: string | null;
}

export interface Owner {
  readonly accountId: string;
  /** Of the key that signed. */
  readonly keyId: string;
}

const keyRow = rowOf<KeyRow>()({
  id: 'id',
  publicKey: 'public_key',
  addedAtNs: 'added_at_ns',
  isActive: 'is_active',
  invited: expression('false'),
  deviceName: 'device_name',
  disabledAtNs: 'disabled_at_ns',
  disabledByKeyId: 'disabled_by_key_id',
});
const COLUMNS = keyRow.select;
const newKeyRow = keyRow
  .pick('id', 'publicKey', 'deviceName', 'addedAtNs')
  .and<Pick<NewKey, 'accountId' | 'operationId'>>()({
  accountId: 'account_id',
  operationId: 'operation_id',
});

const INSERT = `insert into account_key (${newKeyRow.names}) values (${newKeyRow.places()})
  on conflict (public_key) do nothing returning ${COLUMNS}`;
const LOCK_ACCOUNT = 'select id from account where canonical_username = $1 for update';
const FIND_BY_PUBLIC_KEY = `select ${COLUMNS} from account_key where account_id = $1 and public_key = $2`;
const FIND = `select ${COLUMNS} from account_key where id = $1 and account_id = $2`;
const RENAME = `update account_key set device_name = $3 where id = $1 and account_id = $2 returning ${COLUMNS}`;

@Injectable()
export class KeyStore {
  /**
   * Locks the account of this name. `keyId`: of this public key, when it is an active one of the account.
   * @throws Refusal NOT_FOUND, or FORBIDDEN for a disabled key of the account.
   */
  async lockAccount(
    sql: Sql,
    username: string,
    publicKey: string,
  ): Promise<{ accountId: string; keyId: string | undefined }> {
    const [row] = await sql.query<{ id: string }>(LOCK_ACCOUNT, [username.trim().toLowerCase()]);
    if (!row) throw accountNotFound();
    // Read under the lock: what was disabled while we waited is seen.
    const [key] = await keyRow.query(sql, FIND_BY_PUBLIC_KEY, [row.id, publicKey]);
    if (key && !key.isActive) {
      throw new Refusal('FORBIDDEN', 'KEY_DISABLED', 'Authenticated key not found or not active');
    }
    return { accountId: row.id, keyId: key?.id };
  }

  async find(sql: Sql, accountId: string, keyId: string): Promise<KeyRow | undefined> {
    const [row] = await keyRow.query(sql, FIND, [keyId, accountId]);
    return row;
  }

  /** The account that has a key, whether it is active or disabled. */
  async accountIdOf(sql: Sql, publicKey: string): Promise<string | undefined> {
    const [row] = await sql.query<{ account_id: string }>(
      'select account_id from account_key where public_key = $1',
      [publicKey],
    );
    return row?.account_id;
  }

  async exists(sql: Sql, keyId: string): Promise<boolean> {
    return (await sql.query('select 1 from account_key where id = $1', [keyId])).length > 0;
  }

  async count(sql: Sql, accountId: string): Promise<KeyCounts> {
    const [row] = await sql.query<KeyCounts>(
      `select count(*) filter (where is_active)::int as active, count(*)::int as "all",
              (select count(*)::int from key_invitation where account_id = $1) as invited
       from account_key where account_id = $1`,
      [accountId],
    );
    return row ?? { active: 0, all: 0, invited: 0 };
  }

  /** Undefined when the key belongs to an account already. */
  async insert(sql: Sql, key: NewKey, now: bigint): Promise<KeyRow | undefined> {
    const values = newKeyRow.values({ ...key, deviceName: key.deviceName ?? null, addedAtNs: now });
    const [row] = await keyRow.query(sql, INSERT, values);
    return row;
  }

  /** Undefined when the account has no such key. */
  async rename(
    sql: Sql,
    accountId: string,
    keyId: string,
    deviceName: string | null,
  ): Promise<KeyRow | undefined> {
    const [row] = await keyRow.query(sql, RENAME, [keyId, accountId, deviceName]);
    return row;
  }

  /** Undefined when it is disabled already. */
  async disable(sql: Sql, keyId: string, byKeyId: string, now: bigint): Promise<KeyRow | undefined> {
    const [row] = await keyRow.query(
      sql,
      `update account_key set is_active = false, disabled_at_ns = $3, disabled_by_key_id = $2
       where id = $1 and is_active returning ${COLUMNS}`,
      [keyId, byKeyId, now],
    );
    return row;
  }
}
