import { nsToSeconds, Refusal } from '@decent-cloud/kernel';
import type { AnswerInput, VerbInput } from '@decent-cloud/messages';
import { listNotifications } from '@decent-cloud/messages/notifications';
import type { NotificationType } from '@decent-cloud/messages/words';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { NotificationStore } from './notification.store.ts';
import { ownerOf } from './owner.ts';

@Answers(listNotifications)
export class ListNotifications implements Verb<typeof listNotifications> {
  constructor(private readonly notifications: NotificationStore) {}

  async run(
    { params, query }: VerbInput<typeof listNotifications>,
    { caller }: VerbContext,
  ): Promise<AnswerInput<typeof listNotifications>> {
    const owner = ownerOf(params, caller);
    const beforeId = parseCursor(query.cursor);
    const rows = await this.notifications.list(owner, { ...query, beforeId });
    return rows.map((row) => ({
      id: row.id,
      notificationType: row.notificationType as NotificationType,
      title: row.title,
      body: row.body,
      contractId: row.contractId ?? undefined,
      offeringId: row.offeringId ?? undefined,
      priceDirection: row.priceDirection ?? undefined,
      readAt: row.readAtNs === null ? undefined : nsToSeconds(row.readAtNs),
      createdAt: nsToSeconds(row.createdAtNs),
    }));
  }
}

function parseCursor(cursor: string | undefined): bigint | undefined {
  if (cursor === undefined || cursor === '') return undefined;
  if (/^\d{1,18}$/.test(cursor)) return BigInt(cursor);
  throw new Refusal(
    'INVALID',
    'INVALID_INPUT',
    'cursor: must be the id of the last notification that you have',
  );
}
