import { isSaidByItsOwner, type ServiceKeys } from '@decent-cloud/bus';
import { parseExactJson } from '@decent-cloud/kernel';
import { gatewayFacts, ownerOf, streams } from '@decent-cloud/messages';
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
const SUBJECTS = gatewayFacts.map(({ subject }) => subject);
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

export interface GapPage {
  readonly after: number;
  readonly end: number;
  readonly messages: number;
  readonly longestGap: number;
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
    private readonly keys: ServiceKeys,
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
   * Reads what comes after `after`, no further than `end`, until it has looked at so many messages or `onFact` says no.
   * @returns the sequence up to which nothing is missing; undefined when the stream has dropped some of it already, or when
   * the whole gap is longer than `longestGap` messages
   */
  async readPage(
    { after, end, messages, longestGap }: GapPage,
    onFact: (fact: ParsedFact, sequence: number) => boolean,
  ): Promise<number | undefined> {
    if (after >= end) return end;
    const info = await this.streamInfo();
    if (after + 1 < info.state.first_seq) return undefined;
    const consumer = await this.js.consumers.get(STREAM, {
      name_prefix: `${this.namePrefix}-gap`,
      filter_subjects: SUBJECTS,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: after + 1,
      inactive_threshold: 10_000,
    });
    try {
      const pending = (await consumer.info(true)).num_pending;
      if (pending > longestGap) return undefined;
      if (pending === 0) return end;
      const asked = Math.min(pending, messages);
      const batch = await consumer.fetch({ max_messages: asked, expires: API_TIMEOUT_MS });
      let last: JsMsg | undefined;
      for await (const message of batch) {
        if (message.seq > end) return end;
        last = message;
        if (!this.parse(message, onFact) || message.seq === end) return message.seq;
      }
      if (!last) throw new Error('the stream does not give its messages');
      return last.info.pending === 0 ? end : last.seq;
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
      filter_subjects: SUBJECTS,
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

  /** What `onFact` says; true when there is nothing to be told. */
  private parse<T>(message: JsMsg, onFact: (fact: ParsedFact, sequence: number) => T): T | true {
    let fact: ParsedFact | undefined;
    try {
      this.assertSigned(message);
      fact = parseFact(message.subject, parseExactJson(message.string()));
    } catch (error) {
      // Whoever wrote it is wrong; live updates of everybody else go on.
      this.logger.warn({ error, subject: message.subject, sequence: message.seq }, 'unreadable fact');
      return true;
    }
    return fact ? onFact(fact, message.seq) : true;
  }

  private assertSigned({ subject, headers, data }: JsMsg): void {
    const said = { subject, id: headers?.get('Nats-Msg-Id') ?? '', payload: data };
    if (!isSaidByItsOwner(this.keys, 'gateway', said, headers))
      throw new Error(`not signed by ${ownerOf(subject)}`);
  }
}
