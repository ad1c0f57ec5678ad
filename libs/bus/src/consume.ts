import { redeliveryDelayMs } from '@decent-cloud/kernel';
import type { ConsumerDeclaration } from '@decent-cloud/messages';
import {
  type ConsumerMessages,
  type JetStreamClient,
  type JsMsg,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream';
import { headers as createHeaders, type NatsConnection } from '@nats-io/transport-node';
import { ensureConsumer } from './topology.ts';

/** What a handler says of a message. `retry` spends a delivery; `pause` waits for a dependency and spends none. */
export type Verdict =
  | { readonly verdict: 'done' }
  | { readonly verdict: 'retry'; readonly error: unknown }
  | { readonly verdict: 'pause'; readonly error: unknown }
  /** `keepBytes`: of what deserves no more, so much is put aside. */
  | { readonly verdict: 'dead'; readonly error: unknown; readonly keepBytes?: number };

/** Remembers outside of this process what was being worked on, so that a message that ends processes is found out. */
export interface AttemptLog {
  /** How often work on the message began and did not come to an end. */
  unended(message: JsMsg): Promise<number>;
  begin(message: JsMsg): Promise<void>;
  end(message: JsMsg): Promise<void>;
}

export interface ConsumeOptions {
  readonly connection: NatsConnection;
  readonly declaration: ConsumerDeclaration;
  /** Must not throw. */
  readonly handle: (message: JsMsg) => Promise<Verdict>;
  readonly onTrouble: (error: unknown, doing: string, message?: JsMsg) => void;
  readonly onSettled?: (verdict: Verdict['verdict'], message: JsMsg) => void;
  /** Messages worked on at the same time by this process. */
  readonly concurrency?: number;
  /** While true nothing is taken, and what is in hand is given back: others may process it. */
  readonly isHeld?: () => boolean;
  readonly pauseMs?: number;
  /** Without it a message that ends the process comes again until the broker gives up. */
  readonly attempts?: AttemptLog;
  /** Waits before the next deliveries; after them comes the dead-letter stream. */
  readonly delaysMs?: readonly number[];
}

/** How work on one delivery stands. */
interface Note {
  isBegun: boolean;
  isAlone: boolean;
}

/** Work on a message that so many processes did not survive is not begun again. */
const MOST_UNENDED = 3;
const HELD_MS = 500;
/** Other replicas get it then. */
const GIVEN_BACK_MS = 1_000;

/**
 * Reads a durable consumer until stopped: ack after the work, redelivery with growing waits by our own count, then the
 * dead-letter stream. Survives the loss of broker, stream and consumer by making the consumer again.
 */
export class DurableReader {
  private stopping = false;
  private messages: ConsumerMessages | undefined;
  private running: Promise<void> | undefined;
  private readonly inHand = new Set<Promise<void>>();
  private alone: Promise<unknown> = Promise.resolve();
  private readonly js: JetStreamClient;

  constructor(private readonly options: ConsumeOptions) {
    this.js = jetstream(options.connection);
  }

  start(): void {
    this.running = this.run();
  }

  /** Takes no new message, finishes those in hand. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.messages?.stop();
    await this.running;
    await Promise.all(this.inHand);
  }

  private async run(): Promise<void> {
    const { declaration, connection, onTrouble } = this.options;
    while (!this.stopping) {
      if (this.options.isHeld?.()) {
        await delay(HELD_MS);
        continue;
      }
      try {
        const manager = await jetstreamManager(connection);
        await ensureConsumer(manager, declaration);
        const consumer = await this.js.consumers.get(declaration.stream, declaration.durable);
        this.messages = await consumer.consume({
          max_messages: 2 * this.concurrency,
          expires: 10_000,
          abort_on_missing_resource: true,
        });
        if (this.stopping) this.messages.stop();
        for await (const message of this.messages) {
          if (this.options.isHeld?.()) {
            message.nak(GIVEN_BACK_MS);
            this.messages.stop();
            continue;
          }
          this.take(message);
          if (this.inHand.size >= this.concurrency) await Promise.race(this.inHand);
        }
      } catch (error) {
        if (!this.stopping) onTrouble(error, `read ${declaration.durable}`);
      }
      if (!this.stopping) await delay(500);
    }
  }

  private get concurrency(): number {
    return this.options.concurrency ?? 16;
  }

  private take(message: JsMsg): void {
    const work = this.work(message)
      .catch((error) =>
        this.options.onTrouble(error, `settle a message of ${this.options.declaration.durable}`, message),
      )
      .finally(() => this.inHand.delete(work));
    this.inHand.add(work);
  }

  private async work(message: JsMsg): Promise<void> {
    const note: Note = { isBegun: false, isAlone: false };
    for (;;) {
      const outcome = await this.attempt(message, note);
      if (outcome.verdict === 'pause' && !this.stopping && !this.options.isHeld?.()) {
        this.options.onTrouble(outcome.error, 'wait for a dependency', message);
        message.working();
        await delay(this.options.pauseMs ?? 1_000);
        continue;
      }
      await this.settle(message, outcome);
      this.options.onSettled?.(outcome.verdict, message);
      return;
    }
  }

  /**
   * What has come before is noted while it is worked on. What was in hand when a process ended is worked on alone: so the
   * next end tells which of them it was.
   */
  private async attempt(message: JsMsg, note: Note): Promise<Verdict> {
    const { attempts, handle } = this.options;
    if (!attempts || message.info.deliveryCount === 1) return handle(message);
    const work = async (): Promise<Verdict> => {
      if (!note.isBegun) await attempts.begin(message);
      note.isBegun = true;
      const outcome = await handle(message);
      if (outcome.verdict !== 'pause') await attempts.end(message);
      return outcome;
    };
    try {
      if (!note.isBegun) {
        const unended = await attempts.unended(message);
        if (unended >= MOST_UNENDED) {
          await attempts.end(message);
          return { verdict: 'dead', error: new Error(`${unended} processes ended while they worked on it`) };
        }
        note.isAlone = unended > 0;
      }
      return await (note.isAlone ? this.afterTheOthers(message, work) : work());
    } catch (error) {
      return { verdict: 'pause', error };
    }
  }

  private afterTheOthers<T>(message: JsMsg, work: () => Promise<T>): Promise<T> {
    const turn = this.alone.then(() => {
      message.working();
      return work();
    });
    this.alone = turn.catch(() => undefined);
    return turn;
  }

  private async settle(message: JsMsg, outcome: Verdict): Promise<void> {
    if (outcome.verdict === 'done') return message.ack();
    if (outcome.verdict === 'pause') return message.nak(GIVEN_BACK_MS);
    this.options.onTrouble(outcome.error, `handle ${message.subject}`, message);
    const waitMs = outcome.verdict === 'retry' ? this.delayMs(message.info.deliveryCount) : null;
    if (waitMs !== null) return message.nak(waitMs);
    const keepBytes = outcome.verdict === 'dead' ? outcome.keepBytes : undefined;
    if (await this.isBuried(message, outcome.error, keepBytes)) message.term();
  }

  private delayMs(deliveries: number): number | null {
    const { delaysMs } = this.options;
    return delaysMs ? (delaysMs[deliveries - 1] ?? null) : redeliveryDelayMs(deliveries);
  }

  /** Until the dead-letter stream has it: giving up would spend deliveries, and the broker's patience with them. */
  private async isBuried(message: JsMsg, error: unknown, keepBytes?: number): Promise<boolean> {
    while (!this.stopping) {
      try {
        await this.bury(message, error, keepBytes);
        return true;
      } catch (trouble) {
        this.options.onTrouble(trouble, 'put a message aside', message);
        message.working();
        await delay(this.options.pauseMs ?? 1_000);
      }
    }
    return false;
  }

  private async bury(message: JsMsg, error: unknown, keepBytes = message.data.length): Promise<void> {
    const headers = createHeaders();
    for (const name of message.headers?.keys() ?? []) headers.set(name, message.headers?.get(name) ?? '');
    headers.set(
      'Dc-Dead-Reason',
      (error instanceof Error ? error.message : String(error)).replace(/[\r\n]+/g, ' ').slice(0, 500),
    );
    if (message.data.length > keepBytes) headers.set('Dc-Dead-Bytes', String(message.data.length));
    headers.set('Dc-Dead-Stream-Seq', String(message.seq));
    headers.set('Dc-Dead-Deliveries', String(message.info.deliveryCount));
    const durable = this.options.declaration.durable;
    await this.js.publish(`dlq.${durable}.${message.subject}`, message.data.subarray(0, keepBytes), {
      msgID: `${durable}:${message.info.stream}:${message.seq}`,
      headers,
      timeout: 5_000,
    });
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
