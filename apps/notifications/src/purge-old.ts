import { secondsToNs } from '@decent-cloud/kernel';
import { type Sweep, Sweeps } from '@decent-cloud/runtime';
import { MailStore } from './channels/mail/mail.store.ts';
import { NotificationStore } from './notification/notification.store.ts';

const days = (count: number): bigint => secondsToNs(count * 86_400);
/** Each deletes one batch of every kind; the rest is for the next run. */
const MAX_BATCHES = 20;

/** Read notifications go after 90 days, unread ones and what is known of contracts after 400, ended mails after 90. */
@Sweeps({ name: 'purge-old', everySeconds: 3_600 })
export class PurgeOld implements Sweep {
  constructor(
    private readonly notifications: NotificationStore,
    private readonly mails: MailStore,
  ) {}

  async sweep(now: bigint): Promise<void> {
    for (let batch = 0; batch < MAX_BATCHES; batch++) {
      const gone = await this.notifications.purge({
        readAtNs: now - days(90),
        createdAtNs: now - days(400),
        standingAtNs: now - days(400),
      });
      if (gone + (await this.mails.purge(now - days(90))) === 0) return;
    }
  }
}
