import { Database, rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { KeyRow } from '../key/domain/key-view.ts';
import type { AccountRow } from './domain/account-view.ts';
import type { KeyHolding } from './domain/registration.ts';

export interface NewAccount {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly autoCreated: boolean;
}

export interface KeyStanding {
  readonly accountId: string;
  readonly isActive: boolean;
  readonly isAdmin: boolean;
}

export interface AccountOfKey {
  readonly accountId: string;
  readonly username: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly autoCreated: boolean;
  readonly isActive: boolean;
  readonly activePublicKeys: string[];
}

const MAX_KEYS = 200;

const accountRow = rowOf<Omit<AccountRow, 'keys'>>()({
  id: 'id',
  username: 'username',
  email: 'email',
  emailVerified: 'email_verified',
  isAdmin: 'is_admin',
  displayName: 'display_name',
  bio: 'bio',
  avatarUrl: 'avatar_url',
  profileUpdatedAtNs: 'profile_updated_at_ns',
  createdAtNs: 'created_at_ns',
  updatedAtNs: 'updated_at_ns',
});
const keyOfAccountRow = rowOf<Omit<KeyRow, 'id'> & { readonly keyId: string | null }>()({
  keyId: 'id',
  publicKey: 'public_key',
  addedAtNs: 'added_at_ns',
  isActive: 'is_active',
  invited: 'invited',
  deviceName: 'device_name',
  disabledAtNs: 'disabled_at_ns',
  disabledByKeyId: 'disabled_by_key_id',
});
const newAccountRow = rowOf<NewAccount>()({
  id: 'id',
  username: 'username',
  email: 'email',
  emailVerified: 'email_verified',
  autoCreated: 'auto_created',
});
/** $1 is now, $2 the name. */
const INSERT = `insert into account (${newAccountRow.names}, canonical_username, created_at_ns, updated_at_ns)
  values (${newAccountRow.places(3)}, lower($2), $1, $1) on conflict do nothing returning 1`;

/** An account with its keys and those it has invited: a row for each of them, or one row without a key. */
const accountWhere = (condition: string): string =>
  `select ${accountRow.selectFrom('a')}, ${keyOfAccountRow.selectFrom('k')}
     from account a
     left join lateral (
       select id, public_key, added_at_ns, is_active, false as invited, device_name, disabled_at_ns, disabled_by_key_id
       from account_key where account_id = a.id
       union all
       select id, public_key, invited_at_ns, false, true, device_name, null, null
       from key_invitation where account_id = a.id
       order by added_at_ns, id limit ${MAX_KEYS}) k on true
     where ${condition} order by k.added_at_ns, k.id`;
const BY_USERNAME = accountWhere('a.canonical_username = $1');
const BY_ID = accountWhere('a.id = $1');
const BY_ACTIVE_KEY = accountWhere(
  'a.id = (select account_id from account_key where public_key = $1 and is_active)',
);
const STANDING = `select k.account_id as "accountId", k.is_active as "isActive",
          k.is_active and (a.is_admin or exists (
            select 1 from account_key admin where admin.account_id = a.id
              and admin.is_active and admin.public_key = any($2))) as "isAdmin"
   from account_key k join account a on a.id = k.account_id where k.public_key = $1`;

type AccountAndKey = Omit<AccountRow, 'keys'> & Omit<KeyRow, 'id'> & { readonly keyId: string | null };

@Injectable()
export class AccountStore {
  constructor(private readonly database: Database) {}

  findByUsername(username: string): Promise<AccountRow | null> {
    return this.findOne(BY_USERNAME, username.trim().toLowerCase());
  }

  findById(id: string): Promise<AccountRow | null> {
    return this.findOne(BY_ID, id);
  }

  findByActiveKey(publicKey: string): Promise<AccountRow | null> {
    return this.findOne(BY_ACTIVE_KEY, publicKey);
  }

  /** Hot: asked for every signer. */
  async standingOf(
    publicKey: string,
    adminPublicKeys: ReadonlySet<string>,
  ): Promise<KeyStanding | undefined> {
    const [row] = await this.database.query<KeyStanding>(STANDING, [publicKey, [...adminPublicKeys]]);
    return row;
  }

  async findOfKey(publicKey: string): Promise<AccountOfKey | undefined> {
    const [row] = await this.database.query<AccountOfKey>(
      `select a.id as "accountId", a.username, a.email, a.email_verified as "emailVerified",
              a.auto_created as "autoCreated", k.is_active as "isActive",
              array(select o.public_key from account_key o where o.account_id = a.id and o.is_active
                    order by o.added_at_ns, o.id limit 20) as "activePublicKeys"
       from account_key k join account a on a.id = k.account_id where k.public_key = $1`,
      [publicKey],
    );
    return row;
  }

  async namesOf(publicKeys: readonly string[]): Promise<Record<string, string>> {
    const rows = await this.database.query<{ public_key: string; username: string }>(
      `select k.public_key, a.username from account_key k join account a on a.id = k.account_id
       where k.public_key = any($1)`,
      [publicKeys],
    );
    return Object.fromEntries(rows.map((row) => [row.public_key, row.username]));
  }

  /** Which of these placeholder names and addresses are in use. */
  async takenOf(usernames: readonly string[], emails: readonly string[]): Promise<Set<string>> {
    const rows = await this.database.query<{ taken: string }>(
      `select canonical_username as taken from account where canonical_username = any($1)
       union all select email from account where email = any($2)`,
      [usernames, emails],
    );
    return new Set(rows.map((row) => row.taken));
  }

  /** Who holds a key, with that account's row locked for the rest of the transaction. */
  async lockHolderOf(sql: Sql, publicKey: string): Promise<KeyHolding | undefined> {
    await sql.query(
      `select 1 from account a where a.id = (select account_id from account_key where public_key = $1) for update`,
      [publicKey],
    );
    const [row] = await sql.query<KeyHolding>(
      `select k.account_id as "accountId", a.username, a.auto_created as "autoCreated",
              k.is_active as "isActive"
       from account_key k join account a on a.id = k.account_id where k.public_key = $1`,
      [publicKey],
    );
    return row;
  }

  async ownersOf(
    sql: Sql,
    username: string,
    email: string,
  ): Promise<{ byUsername: string | null; byEmail: string | null }> {
    const [row] = await sql.query<{ byUsername: string | null; byEmail: string | null }>(
      `select (select id from account where canonical_username = $1) as "byUsername",
              (select id from account where email = $2) as "byEmail"`,
      [username.toLowerCase(), email],
    );
    return row ?? { byUsername: null, byEmail: null };
  }

  /** False when name or address is taken. */
  async insert(sql: Sql, account: NewAccount, now: bigint): Promise<boolean> {
    const rows = await sql.query(INSERT, [now, account.username, ...newAccountRow.values(account)]);
    return rows.length === 1;
  }

  /** Turns a placeholder account into a registered one. False when it is none (any more). */
  async claim(sql: Sql, account: Omit<NewAccount, 'autoCreated'>, now: bigint): Promise<boolean> {
    const rows = await sql.query(
      `update account set username = $2, canonical_username = lower($2), email = $3, email_verified = $4,
              auto_created = false, updated_at_ns = $5
       where id = $1 and auto_created returning 1`,
      [account.id, account.username, account.email, account.emailVerified, now],
    );
    return rows.length === 1;
  }

  private async findOne(statement: string, value: string): Promise<AccountRow | null> {
    const rows = await this.database.query<AccountAndKey>(statement, [value]);
    const [account] = rows;
    if (!account) return null;
    return {
      id: account.id,
      username: account.username,
      email: account.email,
      emailVerified: account.emailVerified,
      isAdmin: account.isAdmin,
      displayName: account.displayName,
      bio: account.bio,
      avatarUrl: account.avatarUrl,
      profileUpdatedAtNs: account.profileUpdatedAtNs,
      createdAtNs: account.createdAtNs,
      updatedAtNs: account.updatedAtNs,
      keys: rows.flatMap((row) => (row.keyId === null ? [] : [keyOf(row, row.keyId)])),
    };
  }
}

const keyOf = (row: AccountAndKey, id: string): KeyRow => ({
  id,
  publicKey: row.publicKey,
  addedAtNs: row.addedAtNs,
  isActive: row.isActive,
  invited: row.invited,
  deviceName: row.deviceName,
  disabledAtNs: row.disabledAtNs,
  disabledByKeyId: row.disabledByKeyId,
});
