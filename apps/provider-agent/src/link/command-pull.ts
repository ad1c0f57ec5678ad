import { crash } from '@decent-cloud/kernel';
import { streams } from '@decent-cloud/messages/topology';
import type { ConsumerInfo, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import { type Ambient, systemAmbient } from '../ambient.ts';
import type { Logger } from '../log.ts';
import { NotConnectedError } from './not-connected.ts';

/** How long the broker may keep one pull of commands, unless told otherwise. */
export const PULL_SECONDS = 5;

const IN_FLIGHT = 64;
const OVERDUE_MS = 2_000;
/** The broker's count of a pull's time begins later than ours. */
const PULL_MARGIN_MS = 500;
const RETRY_MS = 1_000;
const LARGEST_BYTES = 512 * 1_024;
const LONGEST_BETWEEN_SIGNS_MS = 10_000;
const REDELIVER_NS = 5_000_000_000;
const NS_PER_MS = 1_000_000;
/** What JetStream understands on the subject of an acknowledgement. */
const ANSWERS = {
  done: '+ACK',
  working: '+WPI',
  refused: '+TERM',
  again: `-NAK {"delay":${REDELIVER_NS}}`,
} as const;

export type CommandOutcome =
  /** The answer is stored at the broker, or there is none to give. */
  | 'done'
  /** Not to be believed: never again. */
  | 'refused';

/** The agent's consumer in the hub. */
export interface CommandConsumer {
  info(cached: true): Promise<{ readonly config: Pick<ConsumerInfo['config'], 'ack_wait'> }>;
  fetch(options: {
    max_messages: number;
    expires: number;
  }): Promise<AsyncIterable<Command> & Pick<ConsumerMessages, 'stop'>>;
}

type Command = Pick<JsMsg, 'subject' | 'data' | 'string'>;

/** What is used of a connection to pull over it. */
export interface PullConnection {
  readonly connection: { isClosed(): boolean };
  readonly js: { readonly consumers: { get(stream: string, name: string): Promise<CommandConsumer> } };
  readonly session: { readonly accountPublicKey: string };
}

/** What the pull needs of the link. */
export interface PullLink {
  readonly connected: boolean;
  onConnected(listener: (connected: PullConnection) => void): void;
  isCurrent(connected: PullConnection): boolean;
  settle(ackSubject: string, answer: string): void;
  flush(): Promise<void>;
}

export interface CommandPullOptions {
  readonly link: PullLink;
  readonly ambient?: Ambient;
  readonly pullSeconds?: number | undefined;
  readonly logger: Logger;
  /** Returns when the command has been processed. Throws when it has to come again. */
  readonly handle: (text: string) => Promise<CommandOutcome>;
}

/** Pulls the agent's commands from its consumer in the hub and acknowledges what is done. */
export class CommandPull {
  private readonly options: CommandPullOptions;
  private readonly ambient: Ambient;
  private readonly pullMs: number;
  private readonly inHand = new Map<Command, Promise<void>>();
  /** Until then the broker may give commands to a pull of this process. */
  private pullsEndAtMs = 0;
  private stopped = false;
  private isGivenBack = false;

  constructor(options: CommandPullOptions) {
    this.options = options;
    this.ambient = options.ambient ?? systemAmbient;
    this.pullMs = (options.pullSeconds ?? PULL_SECONDS) * 1_000;
    options.link.onConnected((connected) => void this.follow(connected));
  }

  /** Asks for no more. What comes to a pull that is still open goes back. */
  stop(): void {
    this.stopped = true;
  }

  /** Returns when every command has been answered. */
  async idle(): Promise<void> {
    while (this.inHand.size > 0) await Promise.all(this.inHand.values());
  }

  /** What has no answer yet goes back: this process will not give one. */
  giveBack(): void {
    this.isGivenBack = true;
    for (const message of this.inHand.keys()) this.settle(message, this.givenBack());
  }

  private async follow(connected: PullConnection): Promise<void> {
    const { link, logger } = this.options;
    let complained = false;
    while (this.isWanted(connected)) {
      try {
        await this.pull(connected);
        complained = false;
      } catch (error) {
        if (!this.isWanted(connected)) return;
        if (!complained && link.connected) logger.warn({ error }, 'commands cannot be pulled yet');
        complained = true;
        await this.ambient.sleep(RETRY_MS);
      }
    }
  }

  private isWanted(connected: PullConnection): boolean {
    return !this.stopped && this.options.link.isCurrent(connected) && !connected.connection.isClosed();
  }

  /** One pull after the other, each to its end, so that none is left behind at the broker when this connection goes. */
  private async pull(connected: PullConnection): Promise<void> {
    const { js, session } = connected;
    const consumer = await js.consumers.get(streams.AGENT_CMD.name, session.accountPublicKey);
    const { config } = await consumer.info(true);
    const ackWaitMs = (config.ack_wait ?? 30_000_000_000) / 1e6;
    const signEveryMs = Math.max(250, Math.min(ackWaitMs / 3, LONGEST_BETWEEN_SIGNS_MS));
    while (this.isWanted(connected)) {
      this.pullsEndAtMs = this.ambient.monotonicMs() + this.pullMs;
      const messages = await consumer.fetch({ max_messages: IN_FLIGHT, expires: this.pullMs });
      const callOff = this.ambient.after(this.pullMs + OVERDUE_MS, () => messages.stop());
      try {
        for await (const message of messages) this.take(message, signEveryMs);
      } finally {
        callOff();
      }
    }
  }

  /** One at a time would let a slow machine hold up a command to terminate. */
  private take(message: Command, signEveryMs: number): void {
    const work = this.stopped
      ? Promise.resolve(this.settle(message, this.givenBack()))
      : this.work(message, signEveryMs);
    this.inHand.set(message, work);
    void work.finally(() => this.inHand.delete(message));
  }

  /** For whoever pulls next: at once, but not into a pull that nobody listens to any more. */
  private givenBack(): string {
    const leftMs = Math.ceil(this.pullsEndAtMs + PULL_MARGIN_MS - this.ambient.monotonicMs());
    return leftMs > 0 ? `-NAK {"delay":${leftMs * NS_PER_MS}}` : '-NAK';
  }

  private async work(message: Command, signEveryMs: number): Promise<void> {
    const { logger, handle } = this.options;
    const callOff = this.ambient.every(signEveryMs, () => {
      if (!this.isGivenBack) this.settle(message, ANSWERS.working);
    });
    try {
      const tooLarge = message.data.length > LARGEST_BYTES;
      let outcome = tooLarge ? 'refused' : await handle(message.string());
      if (crash.points?.pass(pointOf(message, 'before-ack'))) outcome = await handle(message.string());
      if (tooLarge) logger.error({ bytes: message.data.length }, 'COMMAND REFUSED: too large');
      this.settle(message, outcome === 'done' ? ANSWERS.done : ANSWERS.refused);
      if (crash.points) await this.passAfterAck(message);
    } catch (error) {
      if (!this.stopped) logger.error({ error }, 'a command could not be processed: it will come again');
      this.settle(message, this.stopped ? this.givenBack() : ANSWERS.again);
    } finally {
      callOff();
    }
  }

  /** Once the broker has the answer. */
  private async passAfterAck(message: Command): Promise<void> {
    await this.options.link.flush();
    crash.points?.pass(pointOf(message, 'after-ack'));
  }

  /** An answer that does not get through means that the command comes again, which changes nothing. */
  private settle(message: Command, answer: string): void {
    try {
      this.options.link.settle((message as Command & { readonly reply: string }).reply, answer);
    } catch (error) {
      if (!(error instanceof NotConnectedError)) throw error;
      this.options.logger.debug({ answer }, 'the broker was not told about a command');
    }
  }
}

const pointOf = ({ subject }: Command, place: string): string =>
  `provider-agent:command:${subject.split('.').at(-1)}:${place}`;
