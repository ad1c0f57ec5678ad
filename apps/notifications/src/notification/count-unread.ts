import type { AnswerInput, VerbInput } from '@decent-cloud/messages';
import { countUnread } from '@decent-cloud/messages/notifications';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { NotificationStore } from './notification.store.ts';
import { ownerOf } from './owner.ts';

@Answers(countUnread)
export class CountUnread implements Verb<typeof countUnread> {
  constructor(private readonly notifications: NotificationStore) {}

  async run(
    { params }: VerbInput<typeof countUnread>,
    { caller }: VerbContext,
  ): Promise<AnswerInput<typeof countUnread>> {
    return { unreadCount: await this.notifications.countUnread(ownerOf(params, caller)) };
  }
}
