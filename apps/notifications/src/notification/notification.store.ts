import { Database, type Sql } from '@decent-cloud/postgres';
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
    const { to, text } = notification;
    const [row] = await sql.query<{ id: bigint }>(
      `insert into notification (message_id, recipient, account_id, public_key, notification_type, title, body,
                                 contract_id, created_at_ns)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       on conflict (message_id, recipient) do nothing returning id`,
      [
        notification.messageId,
        to.accountId ?? to.publicKey,
        to.accountId ?? null,
        to.publicKey ?? null,
        text.type,
        text.title,
        text.body,
        notification.contractId ?? null,
        now,
      ],
    );
    return row?.id;
  }

  /**
   * Notes the newest status of a contract and locks it for the rest of the transaction.
   * False when something newer is known.
   */
  async noteStanding(
    sql: Sql,
    contract: { contractId: string; version: number; status: string },
    now: bigint,
  ): Promise<boolean> {
    const rows = await sql.query(
      `insert into contract_standing as known (contract_id, version, status, updated_at_ns) values ($1, $2, $3, $4)
       on conflict (contract_id) do update
         set version = excluded.version, status = excluded.status, updated_at_ns = excluded.updated_at_ns
         where known.version <= excluded.version
       returning 1`,
      [contract.contractId, contract.version, contract.status, now],
    );
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
