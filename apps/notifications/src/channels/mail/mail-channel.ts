import { secondsToNs } from '@decent-cloud/kernel';
import type { Sql } from '@decent-cloud/postgres';
import { SETTINGS } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { NotificationsSettings } from '../../settings.ts';
import type { Channel, Outgoing } from '../channel.ts';
import { MailStore } from './mail.store.ts';

/** Puts mails into the queue that `SendMails` processes. */
@Injectable()
export class MailChannel implements Channel {
  private readonly delayNs: bigint;

  constructor(
    private readonly mails: MailStore,
    @Inject(SETTINGS) settings: NotificationsSettings,
  ) {
    this.delayNs = secondsToNs(settings.MAIL_REQUEST_DELAY_SECONDS);
  }

  async queue(sql: Sql, outgoing: Outgoing, now: bigint): Promise<void> {
    const { message, notificationId, accountId, contractId } = outgoing;
    const isLater = message.mail === 'later';
    if (message.mail === 'none' || (isLater && outgoing.isOvertaken)) return;
    await this.mails.enqueue(
      sql,
      {
        notificationId,
        accountId,
        subject: message.title,
        body: message.body,
        linkPath: message.linkPath,
        contractId,
        whileStatus: isLater ? outgoing.whileStatus : undefined,
        sendAtNs: isLater ? now + this.delayNs : now,
      },
      now,
    );
  }

  dropOvertaken(sql: Sql, contractId: string, status: string, now: bigint): Promise<void> {
    return this.mails.dropOvertaken(sql, contractId, status, now);
  }
}
