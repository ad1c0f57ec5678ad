/** What people were told. */
export * from './notifications/endpoints/notifications.ts';
