import { serviceKeysFor } from '@decent-cloud/testing';
import { notificationsSettings } from './settings.ts';

const read = (more: Record<string, string>) =>
  notificationsSettings.safeParse({
    DATABASE_URL: 'postgresql://localhost/x',
    SERVICE_KEYS: serviceKeysFor('notifications'),
    ...more,
  });

test('a mail server is optional while developing, not in production', () => {
  expect(read({}).success).toBe(true);
  expect(read({ ENVIRONMENT: 'prod' }).success).toBe(false);
  expect(read({ ENVIRONMENT: 'prod', SMTP_URL: 'smtps://user:secret@mail.example.net' }).success).toBe(true);
});

test('what cannot work stops the start', () => {
  for (const wrong of [
    { SMTP_URL: 'http://mail.example.net' },
    { MAIL_FROM: 'Decent <a@b.com>' },
    { FRONTEND_URL: 'javascript:alert(1)' },
    { MAIL_MAX_ATTEMPTS: '0' },
  ]) {
    expect(read(wrong).success).toBe(false);
  }
});
