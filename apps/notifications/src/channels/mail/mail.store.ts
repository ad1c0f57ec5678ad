import { uuidV7 } from '@decent-cloud/kernel';
import { Database, expression, rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { NextStep } from './domain/delivery.ts';

export interface NewMail {
  readonly notificationId: bigint;
  readonly accountId: string;
  readonly subject: string;
  readonly body: string;
  readonly linkPath: string;
  readonly contractId: string | undefined;
  readonly whileStatus: string | undefined;
  readonly sendAtNs: bigint;
}

export interface DueMail {
  readonly id: string;
  readonly email: string;
  readonly subject: string;
  readonly body: string;
  readonly linkPath: string;
  /** This try included. */
  readonly attempts: number;
  readonly createdAtNs: bigint;
}

const dueRow = rowOf<DueMail>()({
  id: 'id',
  email: expression('r.email'),
  subject: 'subject',
  body: 'body',
  linkPath: 'link_path',
  attempts: 'attempts',
  createdAtNs: 'created_at_ns',
});

const LONGEST_ERROR = 500;
const BATCH = 5_000;

/** The queue of mails: leased rows, so that a worker that dies leaves nothing behind but a late mail. */
@Injectable()
export class MailStore {
  constructor(private readonly database: Database) {}

  /** Not for accounts that are known to have no address. */
  async enqueue(sql: Sql, mail: NewMail, now: bigint): Promise<void> {
    await sql.query(
      `insert into mail (id, notification_id, account_id, subject, body, link_path, contract_id, while_status,
                         next_attempt_at_ns, created_at_ns)
       select $1::uuid, $2::bigint, $3::text, $4::text, $5::text, $6::text, $7::text, $8::text, $9::bigint, $10::bigint
       where not exists (select 1 from recipient where account_id = $3 and email is null)
       on conflict (notification_id) do nothing`,
      [
        uuidV7(now),
        mail.notificationId,
        mail.accountId,
        mail.subject,
        mail.body,
        mail.linkPath,
        mail.contractId ?? null,
        mail.whileStatus ?? null,
        mail.sendAtNs,
        now,
      ],
    );
  }

  /** Mails that only made sense in an earlier status of the contract. */
  async dropOvertaken(sql: Sql, contractId: string, status: string, now: bigint): Promise<void> {
    await sql.query(
      `update mail set state = 'dropped', ended_at_ns = $3
       where contract_id = $1 and state = 'queued' and while_status is not null and while_status <> $2`,
      [contractId, status, now],
    );
  }

  /** Leases the mails that have waited longest; a try that never reports back counts as one. */
  async claim(limit: number, leaseNs: bigint, now: bigint): Promise<DueMail[]> {
    return dueRow.query(
      this.database,
      `with due as (
         select m.id from mail m join recipient r on r.account_id = m.account_id
         where m.state = 'queued' and m.next_attempt_at_ns <= $1 and m.leased_until_ns <= $1 and r.email is not null
         order by m.next_attempt_at_ns, m.id limit $2 for update of m skip locked)
       update mail m set leased_until_ns = $3, attempts = m.attempts + 1
       from due, recipient r where m.id = due.id and r.account_id = m.account_id
       returning ${dueRow.selectFrom('m')}`,
      [now, limit, now + leaseNs],
    );
  }

  /** Notes what became of a try. */
  async settle(id: string, next: NextStep, lastError: string | undefined, now: bigint): Promise<void> {
    await this.database.query(
      `update mail set state = $2, attempts = $3, next_attempt_at_ns = $4, leased_until_ns = 0,
              last_error = coalesce($5, last_error), ended_at_ns = case when $2 = 'queued' then null else $6::bigint end
       where id = $1 and state = 'queued'`,
      [id, next.state, next.attempts, next.nextAttemptAtNs, lastError?.slice(0, LONGEST_ERROR) ?? null, now],
    );
  }

  async drop(id: string, why: string, now: bigint): Promise<void> {
    await this.database.query(
      `update mail set state = 'dropped', last_error = $2, ended_at_ns = $3, leased_until_ns = 0
       where id = $1 and state = 'queued'`,
      [id, why, now],
    );
  }

  /** Ends what can never be sent: no address, or too old. */
  async endHopeless(before: { unknownNs: bigint; queuedNs: bigint }, now: bigint): Promise<void> {
    await this.database.query(
      `update mail m set state = 'dropped', last_error = 'the account has no address', ended_at_ns = $1
       where m.state = 'queued' and m.leased_until_ns <= $1 and (
         exists (select 1 from recipient r where r.account_id = m.account_id and r.email is null)
         or (m.created_at_ns < $2 and not exists (select 1 from recipient r where r.account_id = m.account_id)))`,
      [now, before.unknownNs],
    );
    await this.database.query(
      `update mail set state = 'failed', last_error = coalesce(last_error, 'not sent in time'), ended_at_ns = $1
       where state = 'queued' and leased_until_ns <= $1 and created_at_ns < $2`,
      [now, before.queuedNs],
    );
  }

  /** One batch; how many rows went. */
  async purge(endedBeforeNs: bigint): Promise<number> {
    const rows = await this.database.query(
      `delete from mail where id in (select id from mail where ended_at_ns < $1 limit ${BATCH}) returning 1`,
      [endedBeforeNs],
    );
    return rows.length;
  }
}
