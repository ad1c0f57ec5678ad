import type { Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { Channels } from '../channels/channels.ts';
import { type NewNotification, NotificationStore } from './notification.store.ts';

/** Tells one person one thing, in the application and by every channel, in the transaction of the fact. */
@Injectable()
export class Messenger {
  constructor(
    private readonly notifications: NotificationStore,
    private readonly channels: Channels,
  ) {}

  /** `whileStatus`: what the contract must still be when a message that can wait is sent. */
  async tell(
    sql: Sql,
    notification: NewNotification,
    now: bigint,
    options: { readonly whileStatus?: string; readonly isOvertaken?: boolean } = {},
  ): Promise<void> {
    const notificationId = await this.notifications.insert(sql, notification, now);
    const { to, text, contractId } = notification;
    if (notificationId === undefined || to.accountId === undefined) return;
    await this.channels.queue(
      sql,
      {
        notificationId,
        accountId: to.accountId,
        message: text,
        contractId,
        whileStatus: options.whileStatus,
        isOvertaken: options.isOvertaken === true,
      },
      now,
    );
  }
}
