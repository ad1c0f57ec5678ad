import type { VerbInput } from '@decent-cloud/messages';
import { markRead } from '@decent-cloud/messages/notifications';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { NotificationStore } from './notification.store.ts';
import { ownerOf } from './owner.ts';

@Answers(markRead)
export class MarkRead implements Verb<typeof markRead> {
  constructor(private readonly notifications: NotificationStore) {}

  async run({ params, body }: VerbInput<typeof markRead>, { caller, now }: VerbContext): Promise<undefined> {
    await this.notifications.markRead(ownerOf(params, caller), body.ids, now);
  }
}
