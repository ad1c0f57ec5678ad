import { PassThrough } from 'node:stream';
import { LOGGER, type Logger, Metrics, SETTINGS, withBreaker } from '@decent-cloud/runtime';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import type { NotificationsSettings } from '../../settings.ts';
import type { Letter } from './domain/render.ts';

export interface Envelope {
  /** Stable over all tries of one mail. */
  readonly id: string;
  readonly to: string;
}

const CONNECT_MS = 30_000;
/** Names, connection, greeting, and a pause before each of a few commands and the confirmation. */
const PAUSES = 3;

/** Above what the client itself allows: it must be the one that gives up, or an accepted mail is taken for lost. */
export const sendLimitMs = (settings: NotificationsSettings): number =>
  2 * CONNECT_MS + 1_000 * (settings.SMTP_GREETING_SECONDS + PAUSES * settings.SMTP_CONFIRM_SECONDS);

/** A try that failed when the server had the whole mail: nobody knows whether it sends it on. */
export class UnconfirmedMailError extends Error {
  override readonly name = 'UnconfirmedMailError';
}

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
    this.transport = settings.SMTP_URL === undefined ? undefined : transportTo(settings.SMTP_URL, settings);
    if (!this.transport) logger.warn('SMTP_URL is not set: mails wait in the queue');
    this.deliver = withBreaker(
      metrics,
      { name: 'smtp', timeoutMs: sendLimitMs(settings), isHealthyError: wasAnswered },
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
    const handOver: HandOver = { isDone: false };
    const mail = {
      from: { name: 'Decent Cloud', address: this.settings.MAIL_FROM },
      to: { name: '', address: to },
      messageId: `<${id}@${this.domain}>`,
      headers: { 'Auto-Submitted': 'auto-generated' },
      ...letter,
      handOver,
    };
    try {
      await this.transport.sendMail(mail);
    } catch (cause) {
      if (!handOver.isDone || isAnswer(cause)) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new UnconfirmedMailError(`the server had the mail and did not confirm it: ${why}`, { cause });
    }
  }
}

function transportTo(url: string, settings: NotificationsSettings): ReturnType<typeof createTransport> {
  const transport = createTransport({
    url,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: 1_000 * settings.SMTP_GREETING_SECONDS,
    dnsTimeout: CONNECT_MS,
    socketTimeout: 1_000 * settings.SMTP_CONFIRM_SECONDS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  transport.use('stream', ({ data, message }, done) => {
    const { handOver } = data as { handOver?: HandOver };
    message.transform(
      () =>
        new PassThrough({
          flush(finished) {
            if (handOver) handOver.isDone = true;
            finished();
          },
        }),
    );
    done();
  });
  return transport;
}

/** Whether the whole mail has left: the client does not say. */
interface HandOver {
  isDone: boolean;
}

const codeOf = (error: unknown): unknown => (error as { responseCode?: unknown } | null)?.responseCode;
const isAnswer = (error: unknown): boolean => typeof codeOf(error) === 'number';

/** The server spoke, or took a mail: it is well, even when it said no. */
function wasAnswered(error: unknown): boolean {
  return error instanceof UnconfirmedMailError || (isAnswer(error) && codeOf(error) !== 421);
}
