import { setTimeout as sleep } from 'node:timers/promises';
import { streams } from '@decent-cloud/messages/topology';
import type { JsMsg } from '@nats-io/jetstream';
import type { Logger } from '../log.ts';
import type { Connected, Link } from './link.ts';

const IN_FLIGHT = 64;
const PULL_EXPIRES_MS = 10_000;
const RETRY_MS = 1_000;
const LARGEST_BYTES = 512 * 1_024;
const LONGEST_BETWEEN_SIGNS_MS = 10_000;
const REDELIVER_MS = 5_000;

export type CommandOutcome =
  /** The answer is stored at the broker, or there is none to give. */
  | 'done'
  /** Not to be believed: never again. */
  | 'refused';

export interface CommandPullOptions {
  readonly link: Link;
  readonly logger: Logger;
  /** Returns when the command has been worked off. Throws when it has to come again. */
  readonly handle: (text: string) => Promise<CommandOutcome>;
}

/** Pulls the agent's commands from its consumer in the hub and acknowledges what is done. */
export class CommandPull {
  private readonly options: CommandPullOptions;
  private stopped = false;

  constructor(options: CommandPullOptions) {
    this.options = options;
    options.link.onConnected((connected) => void this.follow(connected));
  }

  stop(): void {
    this.stopped = true;
  }

  private async follow(connected: Connected): Promise<void> {
    const { connection } = connected;
    let complained = false;
    while (!this.stopped && !connection.isClosed()) {
      try {
        await this.consume(connected);
        complained = false;
      } catch (error) {
        if (!complained) this.options.logger.warn({ error }, 'commands cannot be pulled yet');
        complained = true;
      }
      if (!connection.isClosed()) await sleep(RETRY_MS);
    }
  }

  private async consume({ js, session }: Connected): Promise<void> {
    const consumer = await js.consumers.get(streams.AGENT_CMD.name, session.accountPublicKey);
    const { config } = await consumer.info(true);
    const ackWaitMs = (config.ack_wait ?? 30_000_000_000) / 1e6;
    const signEveryMs = Math.max(250, Math.min(ackWaitMs / 3, LONGEST_BETWEEN_SIGNS_MS));
    const messages = await consumer.consume({
      max_messages: IN_FLIGHT,
      expires: PULL_EXPIRES_MS,
      abort_on_missing_resource: true,
    });
    for await (const message of messages) {
      if (this.stopped) break;
      void this.work(message, signEveryMs);
    }
  }

  /** One at a time would let a slow machine hold up an order to terminate. */
  private async work(message: JsMsg, signEveryMs: number): Promise<void> {
    const { logger, handle } = this.options;
    const signs = setInterval(() => this.settle(() => message.working()), signEveryMs);
    try {
      const tooLarge = message.data.length > LARGEST_BYTES;
      const outcome = tooLarge ? 'refused' : await handle(message.string());
      if (outcome === 'done') this.settle(() => message.ack());
      else this.settle(() => message.term(tooLarge ? 'too large' : 'refused'));
    } catch (error) {
      if (!this.stopped) logger.error({ error }, 'a command could not be worked off: it will come again');
      this.settle(() => message.nak(REDELIVER_MS));
    } finally {
      clearInterval(signs);
    }
  }

  /** An answer that does not get through means that the command comes again, which changes nothing. */
  private settle(answer: () => void): void {
    try {
      answer();
    } catch (error) {
      this.options.logger.debug({ error }, 'the broker was not told about a command');
    }
  }
}
