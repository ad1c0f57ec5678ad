import type { Sql } from '@decent-cloud/postgres';

/** What is told, as far as it leaves the application. */
export interface Message {
  readonly title: string;
  readonly body: string;
  /** Path of the page that shows more. */
  readonly linkPath: string;
  /** `later`: by mail only if the contract is still in this status after a while. */
  readonly mail: 'now' | 'later' | 'none';
}

export interface Outgoing {
  /** Of the notification: by it the same is sent once. */
  readonly notificationId: bigint;
  readonly accountId: string;
  readonly message: Message;
  readonly contractId: string | undefined;
  /** What the contract must still be when a message that can wait is sent. */
  readonly whileStatus: string | undefined;
  /** The contract is in another status by now. */
  readonly isOvertaken: boolean;
}

/** What a message goes out by. Both run in the transaction of the fact: sending is for later, from a queue. */
export interface Channel {
  queue(sql: Sql, outgoing: Outgoing, now: bigint): Promise<void>;
  /** Drops what waits and made sense in an earlier status of the contract only. */
  dropOvertaken(sql: Sql, contractId: string, status: string, now: bigint): Promise<void>;
}
