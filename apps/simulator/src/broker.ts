import { redeliveryDelayMs } from '@decent-cloud/kernel';
import { streams } from '@decent-cloud/messages';
import type { Faults } from './faults.ts';
import { type Kernel, MS, type Node, type Process, SECOND, type Us } from './kernel.ts';
import type { Message, Reader, Verdict } from './reader.ts';

export class PublishFailedError extends Error {
  override readonly name = 'PublishFailedError';
}

interface Delivery {
  readonly message: Message;
  deliveries: number;
  isSettled: boolean;
  ackDeadline: Us;
  /** The reader's life in which it is being worked on. */
  inHandIn: number | undefined;
}

interface Stream {
  readonly name: string;
  created: number;
  lastSeq: number;
  readonly messages: Message[];
  readonly window: Map<string, { readonly seq: number; readonly at: Us }>;
  readonly windowUs: Us;
}

interface Consumer {
  readonly reader: Reader;
  readonly deliveries: Map<number, Delivery>;
  /** Offered while nobody read. */
  readonly held: Set<Delivery>;
}

export interface BrokerMutations {
  readonly ackBeforeCommit: boolean;
}

const PUBLISH_TIMEOUT = 5 * SECOND;

/** JetStream as the services see it: at least once, in any order, filtered for each durable consumer. */
export class Broker {
  readonly deadLetters: { readonly durable: string; readonly message: Message; readonly error: unknown }[] =
    [];
  readonly figures = { messages: 0, deliveries: 0, recognisedDuplicates: 0, storedTwice: 0, hidden: 0 };
  /** Until then nothing is taken, delivered or acknowledged. */
  private downUntil: Us = 0;
  private readonly streams = new Map<string, Stream>();
  private readonly consumers = new Map<string, Consumer[]>();

  constructor(
    private readonly kernel: Kernel,
    private readonly faults: Faults,
    private readonly mutations: BrokerMutations,
    private readonly onRedelivery: (doing: string) => void,
  ) {
    for (const { name, duplicateWindowSeconds } of Object.values(streams)) {
      this.streams.set(name, {
        name,
        created: 1,
        lastSeq: 0,
        messages: [],
        window: new Map(),
        windowUs: duplicateWindowSeconds * SECOND,
      });
      this.consumers.set(name, []);
    }
  }

  addReader(reader: Reader): void {
    this.consumers.get(reader.stream)?.push({ reader, deliveries: new Map(), held: new Set() });
  }

  streamOf(name: string): Pick<Stream, 'created' | 'lastSeq'> {
    return this.streams.get(name) as Stream;
  }

  get isDown(): boolean {
    return this.kernel.now < this.downUntil;
  }

  /** The id of the message that has this number now. */
  idAt(name: string, seq: number): string | undefined {
    return this.streams.get(name)?.messages.findLast((message) => message.seq === seq)?.id;
  }

  /** @throws PublishFailedError when it is not known whether the stream has it */
  *publish(subject: string, id: string, body: unknown): Process<{ stream: string; seq: number }> {
    const { faults, kernel } = this;
    const { random } = kernel;
    yield random.int(200, 3 * MS);
    if (this.isDown || faults.hits('publish-lost', subject)) {
      yield PUBLISH_TIMEOUT;
      throw new PublishFailedError(`no answer to ${subject}`);
    }
    const { name, seq } = this.store(subject, id, body);
    yield random.int(200, 3 * MS);
    if (this.isDown || faults.hits('puback-lost', subject)) {
      yield PUBLISH_TIMEOUT;
      throw new PublishFailedError(`no answer to ${subject}`);
    }
    return { stream: name, seq };
  }

  /** A crash with an old disk: some time without a broker, then the newest messages are gone and older ones come again. */
  rollBack(name: string, messages: number, downUs: Us): void {
    this.downUntil = this.kernel.now + downUs;
    const stream = this.streams.get(name) as Stream;
    const lost = new Set(stream.messages.splice(-messages).map(({ seq }) => seq));
    stream.lastSeq = stream.messages.at(-1)?.seq ?? 0;
    for (const [id, { seq }] of stream.window) if (lost.has(seq)) stream.window.delete(id);
    for (const consumer of this.consumers.get(name) ?? []) {
      for (const [seq, delivery] of consumer.deliveries) {
        if (lost.has(seq)) {
          delivery.isSettled = true;
          consumer.held.delete(delivery);
          consumer.deliveries.delete(seq);
        } else if (delivery.isSettled && stream.lastSeq - seq < messages) {
          delivery.isSettled = false;
          delivery.deliveries = 0;
          this.deliverIn(consumer, delivery, this.kernel.random.int(MS, SECOND));
        }
      }
    }
  }

  /** A reader is there (again): what was held for it comes. */
  connected(node: Node): void {
    for (const consumers of this.consumers.values()) {
      for (const consumer of consumers) {
        if (consumer.reader.node !== node) continue;
        const held = [...consumer.held];
        consumer.held.clear();
        for (const delivery of held) {
          this.deliverIn(consumer, delivery, this.kernel.random.int(5 * MS, 500 * MS));
        }
      }
    }
  }

  /** Messages that nobody has settled yet. */
  unsettled(): string[] {
    return [...this.consumers.values()].flatMap((consumers) =>
      consumers.flatMap(({ reader, deliveries }) =>
        [...deliveries.values()]
          .filter(({ isSettled }) => !isSettled)
          .map(
            ({ message, deliveries: times }) => `${reader.durable} ${message.subject} (${times} deliveries)`,
          ),
      ),
    );
  }

  private store(subject: string, id: string, body: unknown): Stream & { seq: number } {
    const stream = this.streamFor(subject);
    const { now } = this.kernel;
    const known = stream.window.get(id);
    if (known && now - known.at < stream.windowUs) {
      if (!this.faults.hits('stored-twice', subject)) {
        this.figures.recognisedDuplicates++;
        return { ...stream, seq: known.seq };
      }
      this.figures.storedTwice++;
    }
    const seq = this.append(stream, subject, id, body);
    stream.window.set(id, { seq, at: now });
    // Stands for a repeat of the publisher that comes after the duplicate window.
    if (!known && this.faults.hits('stored-twice', subject)) {
      this.figures.storedTwice++;
      this.append(stream, subject, id, body);
    }
    return { ...stream, seq };
  }

  private append(stream: Stream, subject: string, id: string, body: unknown): number {
    const seq = ++stream.lastSeq;
    const message: Message = { id, subject, body, seq };
    stream.messages.push(message);
    for (const consumer of this.consumers.get(stream.name) ?? []) {
      if (!consumer.reader.wants(subject)) continue;
      this.figures.messages++;
      const delivery = { message, deliveries: 0, isSettled: false, ackDeadline: 0, inHandIn: undefined };
      consumer.deliveries.set(seq, delivery);
      this.deliverIn(consumer, delivery, this.delay(subject));
    }
    return seq;
  }

  private delay(subject: string): Us {
    const { random } = this.kernel;
    if (!this.faults.hits('delivery-delayed', subject)) return random.int(300, 5 * MS);
    return random.chance(0.2) ? random.int(30 * SECOND, 300 * SECOND) : random.int(50 * MS, 20 * SECOND);
  }

  private streamFor(subject: string): Stream {
    const name = Object.values(streams).find((stream) =>
      stream.subjects.some((pattern) => subject.startsWith(pattern.split(/[*>]/)[0] as string)),
    )?.name;
    if (!name) throw new Error(`no stream has ${subject}`);
    return this.streams.get(name) as Stream;
  }

  private deliverIn(consumer: Consumer, delivery: Delivery, us: Us): void {
    this.kernel.in(us, () => this.deliver(consumer, delivery));
  }

  private deliver(consumer: Consumer, delivery: Delivery): void {
    const { reader } = consumer;
    if (delivery.isSettled) return;
    if (!reader.node.isUp || !reader.isConnected()) {
      consumer.held.add(delivery);
      return;
    }
    if (this.isDown) {
      this.deliverIn(consumer, delivery, SECOND);
      return;
    }
    if (delivery.deliveries >= reader.maxDeliver) {
      this.figures.hidden++;
      return;
    }
    const times = this.faults.hits('delivered-twice', reader.durable) ? 2 : 1;
    for (let time = 0; time < times; time++) {
      delivery.deliveries++;
      this.figures.deliveries++;
      if (delivery.deliveries > 1) this.onRedelivery(reader.doing(delivery.message));
      this.kernel.launch(reader.node, reader.doing(delivery.message), this.work(consumer, delivery));
    }
    this.awaitAck(consumer, delivery);
  }

  private awaitAck(consumer: Consumer, delivery: Delivery): void {
    const { reader } = consumer;
    const ackWait = reader.ackWaitSeconds * SECOND;
    const ackDeadline = this.kernel.now + ackWait;
    delivery.ackDeadline = ackDeadline;
    this.kernel.at(ackDeadline, () => {
      if (delivery.isSettled || delivery.ackDeadline !== ackDeadline) return;
      // Whoever works on it says so from time to time.
      const isWorking = delivery.inHandIn === reader.node.epoch && reader.node.isUp && reader.isConnected();
      if (isWorking && !this.faults.hits('work-sign-lost', reader.durable)) this.awaitAck(consumer, delivery);
      else this.deliver(consumer, delivery);
    });
  }

  private *work(consumer: Consumer, delivery: Delivery): Process {
    const { reader } = consumer;
    delivery.inHandIn = reader.node.epoch;
    if (this.mutations.ackBeforeCommit) delivery.isSettled = true;
    for (;;) {
      const outcome = yield* reader.handle(delivery.message);
      if (outcome.verdict === 'pause') {
        yield SECOND;
        continue;
      }
      yield this.kernel.random.int(100, 2 * MS);
      delivery.inHandIn = undefined;
      this.settle(consumer, delivery, outcome);
      return;
    }
  }

  private settle(
    consumer: Consumer,
    delivery: Delivery,
    outcome: Exclude<Verdict, { readonly verdict: 'pause' }>,
  ): void {
    const { reader } = consumer;
    if (this.isDown || !reader.isConnected() || this.faults.hits('ack-lost', reader.durable)) return;
    if (outcome.verdict === 'done') {
      delivery.isSettled = true;
      return;
    }
    if (outcome.verdict === 'again') {
      delivery.ackDeadline = 0;
      this.deliverIn(consumer, delivery, outcome.afterUs);
      return;
    }
    const error = 'error' in outcome ? outcome.error : undefined;
    const waitMs = outcome.verdict === 'retry' ? redeliveryDelayMs(delivery.deliveries) : null;
    if (waitMs !== null) {
      delivery.ackDeadline = 0;
      this.deliverIn(consumer, delivery, waitMs * MS);
      return;
    }
    if (!delivery.isSettled)
      this.deadLetters.push({ durable: reader.durable, message: delivery.message, error });
    delivery.isSettled = true;
  }
}
