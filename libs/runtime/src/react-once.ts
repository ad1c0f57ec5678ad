import type { Verdict } from '@decent-cloud/bus';
import { type Clock, Refusal } from '@decent-cloud/kernel';
import type { FactDeclaration, FactPayload } from '@decent-cloud/messages';
import { receiveOnce } from '@decent-cloud/outbox';
import { type Database, isDatabaseUnavailable } from '@decent-cloud/postgres';
import { isClockWrong } from './clock-watch.ts';
import type { Logger } from './logging.ts';
import type { Reaction } from './reaction.ts';

export interface ReactOnceOptions {
  readonly database: Pick<Database, 'transaction'>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info'>;
  /** The durable name under which the inbox knows the reader. */
  readonly consumer: string;
  readonly subject: string;
  /** Runs the transaction, and may run it again. */
  readonly around?: (act: () => Promise<void>) => Promise<void>;
}

/** Inbox row and effect in one transaction; gives what becomes of the message. Refusals are final, the rest comes again. */
export async function reactOnce<F extends FactDeclaration>(
  options: ReactOnceOptions,
  reaction: Reaction<F>,
  fact: FactPayload<F>,
  messageId: string,
): Promise<Verdict> {
  const { database, clock, logger, consumer, subject, around = (act) => act() } = options;
  try {
    const now = clock();
    await around(() =>
      database.transaction(async (sql) => {
        if (await receiveOnce(sql, consumer, messageId)) await reaction.react(fact, { sql, messageId, now });
      }),
    );
    return { verdict: 'done' };
  } catch (error) {
    if (isDatabaseUnavailable(error) || isClockWrong(error)) return { verdict: 'pause', error };
    if (error instanceof Refusal && error.code !== 'UNAVAILABLE') {
      logger.info({ subject, reason: error.reason, refused: error.message }, 'fact refused');
      return { verdict: 'done' };
    }
    return { verdict: 'retry', error };
  }
}
