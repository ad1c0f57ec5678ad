import { request } from '../wire/endpoint.ts';
import { holdingsOfKey } from '../wire/holdings-of-key.ts';

export const holdingsOfKeyInNotifications = request({
  subject: 'req.notifications.v1.holdings-of-key',
  ...holdingsOfKey,
});
