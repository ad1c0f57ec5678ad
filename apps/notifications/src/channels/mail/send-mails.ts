import type { Clock } from '@decent-cloud/kernel';
import { secondsToNs } from '@decent-cloud/kernel';
import { CLOCK, LOGGER, type Logger, SETTINGS, type Sweep, Sweeps } from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import type { NotificationsSettings } from '../../settings.ts';
import { isReservedAddress } from './domain/address.ts';
import { afterTry, judgeBatch, type Outcome, outcomeOf } from './domain/delivery.ts';
import { renderMail } from './domain/render.ts';
import { type DueMail, MailStore } from './mail.store.ts';
import { Mailer, sendLimitMs, UnconfirmedMailError } from './mailer.ts';

/** Mails handed over at the same time. */
const AT_ONCE = 5;
const RUN_FOR_MS = 10_000;
const ADDRESS_KNOWN_WITHIN_NS = secondsToNs(86_400);
const SENT_WITHIN_NS = secondsToNs(7 * 86_400);

interface Tried {
  readonly mail: DueMail;
  readonly outcome: Outcome;
  readonly error?: unknown;
}

/** Works off the mail queue. */
@Sweeps({
  name: 'send-mails',
  everySeconds: (settings: NotificationsSettings) => settings.MAIL_SWEEP_SECONDS,
})
export class SendMails implements Sweep {
  constructor(
    private readonly mails: MailStore,
    private readonly mailer: Mailer,
    @Inject(SETTINGS) private readonly settings: NotificationsSettings,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async sweep(now: bigint): Promise<void> {
    await this.mails.endHopeless(
      { unknownNs: now - ADDRESS_KNOWN_WITHIN_NS, queuedNs: now - SENT_WITHIN_NS },
      now,
    );
    if (!this.mailer.isReady) return;
    const until = performance.now() + RUN_FOR_MS;
    // Longer than any try takes.
    const leaseNs = secondsToNs(Math.ceil((2 * sendLimitMs(this.settings)) / 1_000));
    while (performance.now() < until) {
      const due = await this.mails.claim(AT_ONCE, leaseNs, this.clock());
      if (due.length === 0) return;
      const tried = await Promise.all((await this.withoutReserved(due)).map((mail) => this.attempt(mail)));
      if (tried.length === 0) continue;
      const outcomes = judgeBatch(tried.map(({ outcome }) => outcome));
      for (const [index, one] of tried.entries()) await this.note(one, outcomes[index] ?? one.outcome);
      if (outcomes.every((outcome) => outcome === 'outage')) return;
    }
  }

  /** In production nobody reads a mailbox of a domain for tests, and its bounces would hurt our standing. */
  private async withoutReserved(due: readonly DueMail[]): Promise<readonly DueMail[]> {
    if (this.settings.ENVIRONMENT !== 'prod') return due;
    const reserved = due.filter((mail) => isReservedAddress(mail.email));
    for (const mail of reserved) {
      await this.mails.drop(mail.id, 'the address is reserved for tests', this.clock());
    }
    return due.filter((mail) => !isReservedAddress(mail.email));
  }

  private async attempt(mail: DueMail): Promise<Tried> {
    const letter = renderMail(mail, this.settings.FRONTEND_URL ?? this.settings.PUBLIC_URL);
    try {
      await this.mailer.send({ id: mail.id, to: mail.email }, letter);
      return { mail, outcome: 'sent' };
    } catch (error) {
      return { mail, outcome: outcomeOf(error, error instanceof UnconfirmedMailError), error };
    }
  }

  private async note({ mail, error }: Tried, outcome: Outcome): Promise<void> {
    const now = this.clock();
    const limits = { maxAttempts: this.settings.MAIL_MAX_ATTEMPTS };
    const next = afterTry(outcome, mail, limits, now, Math.random());
    await this.mails.settle(mail.id, next, outcome === 'sent' ? undefined : messageOf(error), now);
    if (next.state === 'sent') return;
    const level = next.state === 'failed' ? 'error' : 'info';
    this.logger[level]({ mail: mail.id, outcome, attempts: next.attempts, error }, 'mail not sent');
  }
}

function messageOf(error: unknown): string {
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : String(error);
}
