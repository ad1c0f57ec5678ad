import { LOGGER, type Logger, Metrics, SETTINGS, withBreaker } from '@decent-cloud/runtime';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import type { NotificationsSettings } from '../settings.ts';
import type { Letter } from './domain/render.ts';

export interface Envelope {
  /** Stable over all tries of one mail. */
  readonly id: string;
  readonly to: string;
}

const CONNECT_MS = 5_000;
const SILENCE_MS = 10_000;
/** Above what the client itself allows: it must be the one that gives up, or an accepted mail is taken for lost. */
export const SEND_LIMIT_MS = 60_000;

/**
 * Hands mails to the SMTP server, a connection each. At least once: whoever dies between the server's "accepted" and our
 * note sends again, under the same Message-ID.
 */
@Injectable()
export class Mailer implements OnModuleDestroy {
  private readonly transport: ReturnType<typeof createTransport> | undefined;
  private readonly deliver: (envelope: Envelope, letter: Letter) => Promise<void>;
  private readonly domain: string;

  constructor(
    metrics: Metrics,
    @Inject(SETTINGS) private readonly settings: NotificationsSettings,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.domain = settings.MAIL_FROM.slice(settings.MAIL_FROM.lastIndexOf('@') + 1);
    this.transport = settings.SMTP_URL === undefined ? undefined : transportTo(settings.SMTP_URL);
    if (!this.transport) logger.warn('SMTP_URL is not set: mails wait in the queue');
    this.deliver = withBreaker(
      metrics,
      { name: 'smtp', timeoutMs: SEND_LIMIT_MS, isHealthyError: wasAnswered },
      (envelope: Envelope, letter: Letter) => this.hand(envelope, letter),
    );
  }

  get isReady(): boolean {
    return this.transport !== undefined;
  }

  /** @throws what the SMTP client says, or the breaker's error while the server is left alone. */
  async send(envelope: Envelope, letter: Letter): Promise<void> {
    await this.deliver(envelope, letter);
  }

  onModuleDestroy(): void {
    this.transport?.close();
  }

  private async hand({ id, to }: Envelope, letter: Letter): Promise<void> {
    if (!this.transport) throw new Error('SMTP_URL is not set');
    await this.transport.sendMail({
      from: { name: 'Decent Cloud', address: this.settings.MAIL_FROM },
      to: { name: '', address: to },
      messageId: `<${id}@${this.domain}>`,
      headers: { 'Auto-Submitted': 'auto-generated' },
      ...letter,
    });
  }
}

function transportTo(url: string): ReturnType<typeof createTransport> {
  return createTransport({
    url,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    dnsTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

/** The server spoke: it is well, even when it said no. */
function wasAnswered(error: unknown): boolean {
  const code = (error as { responseCode?: unknown } | null)?.responseCode;
  return typeof code === 'number' && code !== 421;
}
