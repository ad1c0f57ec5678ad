/** What a notification is about. */
export const NOTIFICATION_TYPES = [
  'rental_request',
  'contract_status',
  'contract_provisioned',
  'contract_machine',
  'refund_issued',
  'wallet_topup',
  'wallet_adjustment',
  'agent_doubled',
] as const;
export type NotificationType = (typeof NOTIFICATION_TYPES)[number];
