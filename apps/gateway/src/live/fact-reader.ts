import { parseExactJson } from '@decent-cloud/kernel';
import { streams } from '@decent-cloud/messages';
import type { Logger } from '@decent-cloud/runtime';
import {
  type ConsumerMessages,
  DeliverPolicy,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
  jetstream,
  jetstreamManager,
  type StreamInfo,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { parseFact } from './live-facts.ts';

const STREAM = streams.FACTS.name;
const RETRY_MS = 250;
const API_TIMEOUT_MS = 5_000;

export type ParsedFact = NonNullable<ReturnType<typeof parseFact>>;

/** Where in which stream: sequences of a stream that was made again mean something else. */
export interface Position {
  readonly incarnation: string;
  readonly sequence: number;
}

export interface FactReaderEvents {
  readonly onFact: (fact: ParsedFact, sequence: number) => void;
  /** Reading begins, or goes on without a gap (`continued`), or had to begin anew. */
  readonly onOpen: (position: Position, continued: boolean) => void;
  readonly onClosed: () => void;
}

export const incarnationOf = (info: StreamInfo): string => Date.parse(info.created).toString(36);

/**
 * The one ordered consumer of this process: reads the live part of FACTS and goes on after breaks where it was. A
 * stream that was made again is read from its present end.
 */
export class FactReader {
  private readonly js: JetStreamClient;
  private readonly namePrefix: string;
  private messages: ConsumerMessages | undefined;
  private running: Promise<void> | undefined;
  private stopping = false;
  private position: Position | undefined;

  constructor(
    private readonly connection: NatsConnection,
    private readonly subjects: readonly string[],
    private readonly events: FactReaderEvents,
    private readonly logger: Logger,
    gatewayId: string,
  ) {
    this.js = jetstream(connection, { timeout: API_TIMEOUT_MS });
    this.namePrefix = `gateway-${gatewayId}`;
  }

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.messages?.stop();
    await this.running;
  }

  /**
   * Reads from after `from` up to and including `to` with a consumer of its own; a fact after `to` is not given.
   * @returns false when there are more than `limit` messages, which are then not all read
   */
  async readGap(
    from: number,
    to: number,
    limit: number,
    onFact: (fact: ParsedFact, sequence: number) => void,
  ): Promise<boolean> {
    if (from >= to) return true;
    const consumer = await this.js.consumers.get(STREAM, {
      name_prefix: `${this.namePrefix}-gap`,
      filter_subjects: [...this.subjects],
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: from + 1,
      inactive_threshold: 10_000,
    });
    let pending = (await consumer.info(true)).num_pending;
    if (pending > limit) return false;
    try {
      while (pending > 0) {
        const batch = await consumer.fetch({ max_messages: Math.min(pending, 500), expires: API_TIMEOUT_MS });
        let last: JsMsg | undefined;
        for await (const message of batch) {
          last = message;
          if (message.seq > to) return true;
          this.parse(message, onFact);
          if (message.seq === to) return true;
        }
        if (!last) throw new Error('the stream does not give its messages');
        pending = last.info.pending;
      }
      return true;
    } finally {
      consumer.delete().catch((error: unknown) => this.logger.debug({ error }, 'gap consumer not deleted'));
    }
  }

  async streamInfo(): Promise<StreamInfo> {
    const manager = await this.manager();
    return await manager.streams.info(STREAM);
  }

  private manager(): Promise<JetStreamManager> {
    return jetstreamManager(this.connection, { checkAPI: false, timeout: API_TIMEOUT_MS });
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      try {
        await this.readUntilBroken();
      } catch (error) {
        if (!this.stopping) this.logger.debug({ error }, 'facts cannot be read; trying again');
      }
      this.events.onClosed();
      if (!this.stopping) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  private async readUntilBroken(): Promise<void> {
    const info = await this.streamInfo();
    const incarnation = incarnationOf(info);
    const known = this.position;
    const continued =
      known !== undefined &&
      known.incarnation === incarnation &&
      known.sequence <= info.state.last_seq &&
      known.sequence + 1 >= info.state.first_seq;
    const after = continued ? known.sequence : info.state.last_seq;
    this.position = { incarnation, sequence: after };
    const consumer = await this.js.consumers.get(STREAM, {
      name_prefix: this.namePrefix,
      filter_subjects: [...this.subjects],
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: after + 1,
      inactive_threshold: 30_000,
    });
    this.messages = await consumer.consume({
      max_messages: 500,
      expires: 5_000,
      idle_heartbeat: 1_000,
      abort_on_missing_resource: true,
    });
    if (this.stopping) this.messages.stop();
    this.events.onOpen(this.position, continued);
    for await (const message of this.messages) {
      if (message.seq <= this.position.sequence) continue;
      this.parse(message, this.events.onFact);
      this.position = { incarnation, sequence: message.seq };
    }
  }

  private parse(message: JsMsg, onFact: (fact: ParsedFact, sequence: number) => void): void {
    let fact: ParsedFact | undefined;
    try {
      fact = parseFact(message.subject, parseExactJson(message.string()));
    } catch (error) {
      // Whoever wrote it is wrong; live updates of everybody else go on.
      this.logger.warn({ error, subject: message.subject, sequence: message.seq }, 'unreadable fact');
      return;
    }
    if (fact) onFact(fact, message.seq);
  }
}
