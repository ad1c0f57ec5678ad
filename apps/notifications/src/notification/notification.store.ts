import { Database, rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { NotificationsPrisma } from '../notifications-prisma.ts';
import type { Text } from './domain/text.ts';

/** Whose notifications: those of the account and those of the key, from before it had one. */
export interface Owner {
  readonly publicKey: string;
  readonly accountId: string | undefined;
}

/** At least one of the two. */
export type Addressee =
  | { readonly accountId: string; readonly publicKey?: string | undefined }
  | { readonly accountId?: undefined; readonly publicKey: string };

export interface NewNotification {
  readonly messageId: string;
  readonly to: Addressee;
  readonly text: Text;
  readonly contractId?: string | undefined;
}

interface Standing {
  readonly contractId: string;
  readonly version: number;
  readonly status: string;
}

const newNotificationRow = rowOf<{
  readonly messageId: string;
  /** Of the addressee: by it a second notification of the same is found. */
  readonly recipient: string;
  readonly accountId: string | undefined;
  readonly publicKey: string | undefined;
  readonly type: string;
  readonly title: string;
  readonly body: string;
  readonly contractId: string | undefined;
  readonly createdAtNs: bigint;
}>()({
  messageId: 'message_id',
  recipient: 'recipient',
  accountId: 'account_id',
  publicKey: 'public_key',
  type: 'notification_type',
  title: 'title',
  body: 'body',
  contractId: 'contract_id',
  createdAtNs: 'created_at_ns',
});
const standingRow = rowOf<Standing & { readonly updatedAtNs: bigint }>()({
  contractId: 'contract_id',
  version: 'version',
  status: 'status',
  updatedAtNs: 'updated_at_ns',
});
const INSERT = `insert into notification (${newNotificationRow.names}) values (${newNotificationRow.places()})
  on conflict (message_id, recipient) do nothing returning id`;
const NOTE_STANDING = `insert into contract_standing as known (${standingRow.names}) values (${standingRow.places()})
  on conflict (contract_id) do update set ${standingRow.omit('contractId').excluded}
    where known.version <= excluded.version
  returning 1`;
const MOST_COUNTED = 10_000;
const PURGE_BATCH = 5_000;

@Injectable()
export class NotificationStore {
  constructor(
    private readonly database: Database,
    private readonly prisma: NotificationsPrisma,
  ) {}

  list(owner: Owner, page: { limit: number; offset: number; beforeId: bigint | undefined }) {
    const own = [
      { publicKey: owner.publicKey },
      ...(owner.accountId ? [{ accountId: owner.accountId }] : []),
    ];
    return this.prisma.notification.findMany({
      where: { OR: own, ...(page.beforeId === undefined ? {} : { id: { lt: page.beforeId } }) },
      orderBy: { id: 'desc' },
      take: page.limit,
      skip: page.offset,
    });
  }

  async countUnread(owner: Owner): Promise<number> {
    const [row] = await this.database.query<{ count: number }>(
      `select count(*)::int as count from (
         select 1 from notification
         where (public_key = $1 or account_id = $2) and read_at_ns is null limit ${MOST_COUNTED}) as unread`,
      [owner.publicKey, owner.accountId ?? null],
    );
    return row?.count ?? 0;
  }

  /** Those of others are ignored; no ids means all. */
  async markRead(owner: Owner, ids: readonly bigint[], now: bigint): Promise<void> {
    await this.database.query(
      `update notification set read_at_ns = $3
       where (public_key = $1 or account_id = $2) and read_at_ns is null
         and ($5 or id = any($4::bigint[]))`,
      [owner.publicKey, owner.accountId ?? null, now, ids, ids.length === 0],
    );
  }

  /** Undefined when this person has been told of this already. */
  async insert(sql: Sql, notification: NewNotification, now: bigint): Promise<bigint | undefined> {
    const { messageId, to, text, contractId } = notification;
    const [row] = await sql.query<{ id: bigint }>(
      INSERT,
      newNotificationRow.values({
        messageId,
        recipient: to.accountId ?? to.publicKey,
        accountId: to.accountId,
        publicKey: to.publicKey,
        type: text.type,
        title: text.title,
        body: text.body,
        contractId,
        createdAtNs: now,
      }),
    );
    return row?.id;
  }

  /**
   * Notes the newest status of a contract and locks it for the rest of the transaction.
   * False when something newer is known.
   */
  async noteStanding(sql: Sql, { contractId, version, status }: Standing, now: bigint): Promise<boolean> {
    const values = standingRow.values({ contractId, version, status, updatedAtNs: now });
    const rows = await sql.query(NOTE_STANDING, values);
    return rows.length === 1;
  }

  /** One batch; how many rows went. */
  async purge(before: { readAtNs: bigint; createdAtNs: bigint; standingAtNs: bigint }): Promise<number> {
    const read = await this.database.query(
      `delete from notification where id in (
         select id from notification where read_at_ns < $1 limit ${PURGE_BATCH}) returning 1`,
      [before.readAtNs],
    );
    const old = await this.database.query(
      `delete from notification where id in (
         select id from notification where created_at_ns < $1 limit ${PURGE_BATCH}) returning 1`,
      [before.createdAtNs],
    );
    const standing = await this.database.query(
      `delete from contract_standing where contract_id in (
         select contract_id from contract_standing where updated_at_ns < $1 limit ${PURGE_BATCH}) returning 1`,
      [before.standingAtNs],
    );
    return read.length + old.length + standing.length;
  }
}
