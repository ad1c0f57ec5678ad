import { databaseSettings } from '@decent-cloud/runtime';
import { z } from 'zod';
import { isMailAddress } from './channels/mail/domain/address.ts';

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });

export const notificationsSettings = databaseSettings
  .extend({
    /** `smtp://user:password@host:port` or `smtps://…`. Without it mails wait in the queue; production needs it. */
    SMTP_URL: z.url({ protocol: /^smtps?$/, error: 'must be an smtp or smtps URL' }).optional(),
    MAIL_FROM: z
      .string()
      .refine(isMailAddress, { error: 'must be a plain e-mail address' })
      .default('noreply@decent-cloud.org'),
    /** Where links in mails lead; PUBLIC_URL, where everything is served from one place. */
    FRONTEND_URL: httpUrl.optional(),
    PUBLIC_URL: httpUrl.default('https://decent-cloud.org'),
    /** How long a server may take to greet, and to confirm a mail that it has: it may look for spam first. */
    SMTP_GREETING_SECONDS: z.coerce.number().min(0.1).max(600).default(60),
    SMTP_CONFIRM_SECONDS: z.coerce.number().min(0.1).max(3_600).default(600),
    MAIL_SWEEP_SECONDS: z.coerce.number().min(0.05).max(600).default(2),
    /** Refusals by the mail server after which a mail has failed. Times when no server answers do not count. */
    MAIL_MAX_ATTEMPTS: z.coerce.number().int().min(1).max(100).default(20),
    /** How long a new request may be answered by itself before its provider gets a mail. */
    MAIL_REQUEST_DELAY_SECONDS: z.coerce.number().int().min(0).max(86_400).default(120),
  })
  .refine((settings) => settings.ENVIRONMENT !== 'prod' || settings.SMTP_URL !== undefined, {
    path: ['SMTP_URL'],
    error: 'production needs a mail server',
  });
export type NotificationsSettings = z.output<typeof notificationsSettings>;
