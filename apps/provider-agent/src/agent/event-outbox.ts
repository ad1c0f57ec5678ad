import { type Clock, crash, jitteredBackoffMs } from '@decent-cloud/kernel';
import { type AgentEvent, agentEvent } from '@decent-cloud/messages/agents/protocol';
import { type Ambient, systemAmbient } from '../ambient.ts';
import type { StoredEvent } from '../domain/agent-state.ts';
import type { JournalEntry } from '../domain/journal-entry.stored.ts';
import type { Journal } from '../journal/journal.ts';
import type { Logger } from '../log.ts';
import type { Sign } from './sign.ts';
import { isDoneWithin } from './within.ts';

type Unsigned<E> = E extends AgentEvent
  ? Omit<E, 'v' | 'eventId' | 'agentPublicKey' | 'instanceId' | 'seq' | 'atNs' | 'sig'>
  : never;
/** What an event says; its head is added. */
export type EventBody = Unsigned<AgentEvent>;

export interface EventOutboxOptions {
  readonly journal: Journal;
  readonly sign: Sign;
  readonly agentPublicKey: string;
  /** Absent where nothing goes out. */
  readonly instanceId?: string | undefined;
  readonly now: Clock;
  readonly logger: Logger;
  readonly publish: (kind: string, text: string, eventId: string) => Promise<void>;
  /** The journal cannot be written: nothing more may be promised. */
  readonly onFatal: (error: unknown) => void;
  readonly ambient?: Ambient;
}

export interface Draft {
  readonly eventId: string;
  readonly entry: JournalEntry;
}

const LONGEST_WAIT_MS = 15_000;

/** Events on their way to the platform: kept in the journal until the broker has confirmed them, sent in their order. */
export class EventOutbox {
  private readonly options: EventOutboxOptions;
  private readonly ambient: Ambient;
  private readonly waiting = new Map<string, (() => void)[]>();
  private wakeUp: () => void = () => undefined;
  private stopped = false;
  private running: Promise<void> = Promise.resolve();

  constructor(options: EventOutboxOptions) {
    this.options = options;
    this.ambient = options.ambient ?? systemAmbient;
  }

  start(): void {
    this.running = this.run().catch(this.options.onFatal);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.wakeUp();
    await this.running;
  }

  /** Signs an event; it counts when its entry is in the journal. */
  async draft(body: EventBody): Promise<Draft> {
    const signed = await this.sign(body);
    const { eventId, kind, seq } = signed;
    return { eventId, entry: { t: 'event', eventId, kind, seq, text: JSON.stringify(signed) } };
  }

  /** Something may be there to send, or the way is free again. */
  wake(): void {
    this.wakeUp();
  }

  /** Returns when the broker has confirmed the event. */
  whenSent(eventId: string): Promise<void> {
    const event = this.options.journal.state.events.get(eventId);
    if (!event || event.sent) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiting.set(eventId, [...(this.waiting.get(eventId) ?? []), resolve]);
    });
  }

  /** Returns when the broker has confirmed everything that there is now. */
  async whenAllSent(): Promise<void> {
    await Promise.all(this.options.journal.state.pending().map(({ eventId }) => this.whenSent(eventId)));
  }

  /** Sends a stored event again under its own id. @throws when the broker does not confirm it */
  async repeat(eventId: string): Promise<void> {
    const event = this.options.journal.state.events.get(eventId);
    if (!event) return;
    if (event.sent) await this.options.publish(event.kind, this.asOurs(event.text), event.eventId);
    else await this.whenSent(eventId);
  }

  /** For what the next of its kind makes worthless: not kept. @throws when the broker does not confirm it */
  async sendOnce(body: EventBody): Promise<void> {
    const signed = await this.sign(body);
    await this.options.publish(signed.kind, JSON.stringify(signed), signed.eventId);
  }

  private async sign(body: EventBody): Promise<AgentEvent> {
    const { journal, now, agentPublicKey, instanceId, sign } = this.options;
    const nowNs = now();
    const event = {
      v: 1 as const,
      eventId: this.ambient.newId(nowNs),
      agentPublicKey,
      ...(instanceId !== undefined && { instanceId }),
      seq: await journal.nextSeq(),
      atNs: nowNs.toString(),
      ...body,
    };
    const signed = sign(event);
    agentEvent.parse(signed);
    return signed as AgentEvent;
  }

  /** What the journal has from an earlier process is this one's to say: the same event, told by who acts as the agent now. */
  private asOurs(text: string): string {
    const { sign, instanceId } = this.options;
    const { sig: _sig, ...event } = JSON.parse(text) as { sig: string; instanceId?: string };
    if (event.instanceId === instanceId) return text;
    return JSON.stringify(sign({ ...event, instanceId }));
  }

  private async run(): Promise<void> {
    for (let failures = 0; !this.stopped; ) {
      // Made before the look, so that what comes in between is not slept through.
      const woken = new Promise<void>((resolve) => {
        this.wakeUp = resolve;
      });
      const failed = await this.sendAll();
      failures = failed ? failures + 1 : 0;
      if (this.stopped) break;
      if (failed) await isDoneWithin(woken, this.pauseMs(failures), this.ambient);
      else await woken;
    }
  }

  private pauseMs(failures: number): number {
    return 100 + jitteredBackoffMs(failures, this.ambient.random, 200, LONGEST_WAIT_MS);
  }

  private async sendAll(): Promise<boolean> {
    for (const event of this.options.journal.state.pending()) {
      if (this.stopped) return false;
      if (!(await this.send(event))) return true;
    }
    return false;
  }

  private async send(event: StoredEvent): Promise<boolean> {
    const { publish, journal, logger } = this.options;
    const { eventId, kind } = event;
    try {
      const text = this.asOurs(event.text);
      crash.points?.pass(`provider-agent:publish:${kind}:before`);
      await publish(kind, text, eventId);
      if (crash.points?.pass(`provider-agent:publish:${kind}:after`)) await publish(kind, text, eventId);
    } catch (error) {
      logger.debug({ error, eventId, kind }, 'an event waits for the broker');
      return false;
    }
    await journal.write([{ t: 'sent', eventId }]);
    for (const resolve of this.waiting.get(eventId) ?? []) resolve();
    this.waiting.delete(eventId);
    return true;
  }
}
