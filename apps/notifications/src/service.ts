import { fileURLToPath } from 'node:url';
import { defineService } from '@decent-cloud/runtime';
import { observeMails } from './channels/mail/mail-metrics.ts';
import { notificationsSettings } from './settings.ts';

export const notificationsService = defineService({
  name: 'notifications',
  directory: import.meta.dirname,
  settings: notificationsSettings,
  migrationsDir: fileURLToPath(new URL('../../../prisma/notifications/migrations', import.meta.url)),
  metrics: observeMails,
});
