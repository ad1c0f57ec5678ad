import { secondsToNs } from '@decent-cloud/kernel';
import type { Sql } from '@decent-cloud/postgres';
import { SETTINGS } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { MailStore } from '../mail/mail.store.ts';
import type { NotificationsSettings } from '../settings.ts';
import { type NewNotification, NotificationStore } from './notification.store.ts';

/** Tells one person one thing, in the application and by mail, in the transaction of the fact. */
@Injectable()
export class Messenger {
  constructor(
    private readonly notifications: NotificationStore,
    private readonly mails: MailStore,
    @Inject(SETTINGS) private readonly settings: NotificationsSettings,
  ) {}

  /** `whileStatus`: what the contract must still be when a mail that can wait is sent. */
  async tell(
    sql: Sql,
    notification: NewNotification,
    now: bigint,
    options: { readonly whileStatus?: string; readonly isOvertaken?: boolean } = {},
  ): Promise<void> {
    const notificationId = await this.notifications.insert(sql, notification, now);
    const { to, text, contractId } = notification;
    if (notificationId === undefined || to.accountId === undefined || text.mail === 'none') return;
    const isLater = text.mail === 'later';
    if (isLater && options.isOvertaken) return;
    const delayNs = isLater ? secondsToNs(this.settings.MAIL_REQUEST_DELAY_SECONDS) : 0n;
    await this.mails.enqueue(
      sql,
      {
        notificationId,
        accountId: to.accountId,
        subject: text.title,
        body: text.body,
        linkPath: text.linkPath,
        contractId,
        whileStatus: isLater ? options.whileStatus : undefined,
        sendAtNs: now + delayNs,
      },
      now,
    );
  }
}
