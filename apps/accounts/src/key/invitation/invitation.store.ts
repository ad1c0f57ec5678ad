import { Database, rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { KeyRow } from '../domain/key-view.ts';

export interface Invitation {
  /** Becomes the id of the key when its holder joins. */
  readonly id: string;
  readonly publicKey: string;
  readonly deviceName: string | null;
  readonly invitedAtNs: bigint;
  readonly operationId: string;
}

export interface ReceivedInvitation {
  readonly keyId: string;
  readonly username: string;
  readonly invitedAtNs: bigint;
}

const invitationRow = rowOf<Invitation>()({
  id: 'id',
  publicKey: 'public_key',
  deviceName: 'device_name',
  invitedAtNs: 'invited_at_ns',
  operationId: 'operation_id',
});
const COLUMNS = invitationRow.select;
const newInvitationRow = invitationRow.omit('deviceName');
const INSERT = `insert into key_invitation (${newInvitationRow.names}, account_id)
  values (${newInvitationRow.places(2)}, $1)`;
const MOST_SHOWN = 50;

/** Keys that accounts would like to have. */
@Injectable()
export class InvitationStore {
  constructor(private readonly database: Database) {}

  /** Whether the account of this name has invited this key, which belongs to no account so far. */
  async isOpen(username: string, publicKey: string): Promise<boolean> {
    const rows = await this.database.query(
      `select 1 from key_invitation i join account a on a.id = i.account_id
       where a.canonical_username = $1 and i.public_key = $2
         and not exists (select from account_key k where k.public_key = $2)`,
      [username.trim().toLowerCase(), publicKey],
    );
    return rows.length > 0;
  }

  async find(sql: Sql, accountId: string, publicKey: string): Promise<Invitation | undefined> {
    const [row] = await invitationRow.query(
      sql,
      `select ${COLUMNS} from key_invitation where account_id = $1 and public_key = $2`,
      [accountId, publicKey],
    );
    return row;
  }

  /** Newest first. */
  receivedBy(publicKey: string): Promise<ReceivedInvitation[]> {
    return this.database.query<ReceivedInvitation>(
      `select i.id as "keyId", a.username, i.invited_at_ns as "invitedAtNs"
       from key_invitation i join account a on a.id = i.account_id
       where i.public_key = $1 order by i.invited_at_ns desc, i.id limit ${MOST_SHOWN}`,
      [publicKey],
    );
  }

  async insert(
    sql: Sql,
    accountId: string,
    invitation: Omit<Invitation, 'deviceName' | 'invitedAtNs'>,
    now: bigint,
  ): Promise<void> {
    const values = newInvitationRow.values({ ...invitation, invitedAtNs: now });
    await sql.query(INSERT, [accountId, ...values]);
  }

  /** Undefined when the account has no such invitation. */
  async rename(
    sql: Sql,
    accountId: string,
    id: string,
    deviceName: string | null,
  ): Promise<Invitation | undefined> {
    const [row] = await invitationRow.query(
      sql,
      `update key_invitation set device_name = $3 where id = $1 and account_id = $2 returning ${COLUMNS}`,
      [id, accountId, deviceName],
    );
    return row;
  }

  /** Takes an invitation away; undefined when it is not there (any more). */
  async remove(sql: Sql, accountId: string, id: string): Promise<Invitation | undefined> {
    const [row] = await invitationRow.query(
      sql,
      `delete from key_invitation where id = $1 and account_id = $2 returning ${COLUMNS}`,
      [id, accountId],
    );
    return row;
  }

  /** The same by whom it invites. */
  async removeOwn(
    sql: Sql,
    username: string,
    id: string,
    publicKey: string,
  ): Promise<Invitation | undefined> {
    const [row] = await invitationRow.query(
      sql,
      `delete from key_invitation where id = $1 and public_key = $2
         and account_id = (select a.id from account a where a.canonical_username = $3) returning ${COLUMNS}`,
      [id, publicKey, username.trim().toLowerCase()],
    );
    return row;
  }
}

/** An invited key as accounts show keys. */
export const keyOfInvitation = (invitation: Invitation): KeyRow => ({
  id: invitation.id,
  publicKey: invitation.publicKey,
  addedAtNs: invitation.invitedAtNs,
  isActive: false,
  invited: true,
  deviceName: invitation.deviceName,
  disabledAtNs: null,
  disabledByKeyId: null,
});
