import { z } from 'zod';
import { endpoint } from '../../wire/endpoint.ts';
import { int32, int64, pageQuery, publicKeyHex, word } from '../../wire/schema.ts';
import { NOTIFICATION_TYPES } from '../../words/notifications.ts';

const tags = ['notifications'];
const ownerParams = z.object({ pubkey: publicKeyHex() });

/** `createdAt` and `readAt` are Unix seconds here. */
export const userNotification = z
  .object({
    id: int64(),
    notificationType: word(NOTIFICATION_TYPES),
    title: z.string(),
    body: z.string(),
    contractId: z.string().optional(),
    offeringId: int64().optional(),
    priceDirection: z.string().optional(),
    readAt: int64().optional(),
    createdAt: int64(),
  })
  .meta({
    id: 'UserNotificationResponse',
    examples: [
      {
        id: 23,
        notificationType: 'contract_status',
        title: 'Rental Request Accepted',
        body: 'Your rental request 379fd7ae03edc0ef... has been accepted. Provisioning will begin shortly.',
        contractId: '379fd7ae03edc0efa0f14b670ca2422088d585b7cf5dccc81e7c01e1662459d2',
        createdAt: 1795415157,
      },
    ],
  });

export const listNotifications = endpoint({
  method: 'GET',
  path: '/api/v1/users/{pubkey}/notifications',
  subject: 'req.notifications.v1.list-notifications',
  auth: 'self',
  summary: 'List own notifications, newest first',
  tags,
  params: ownerParams,
  query: z.object(pageQuery(200, 50)),
  answer: z.array(userNotification),
});

export const countUnread = endpoint({
  method: 'GET',
  path: '/api/v1/users/{pubkey}/notifications/unread-count',
  subject: 'req.notifications.v1.count-unread',
  auth: 'self',
  summary: 'Count own unread notifications',
  tags,
  params: ownerParams,
  answer: z.object({ unreadCount: int32(0) }).meta({ id: 'UnreadCountResponse' }),
});

export const markRead = endpoint({
  method: 'POST',
  path: '/api/v1/users/{pubkey}/notifications/mark-read',
  subject: 'req.notifications.v1.mark-read',
  auth: 'self',
  summary: 'Mark own notifications as read; an empty list means all of them',
  tags,
  params: ownerParams,
  body: z.object({ ids: z.array(int64()).max(1_000) }).meta({ id: 'MarkReadRequest' }),
  /** Answers without data. */
  answer: z.undefined(),
});
