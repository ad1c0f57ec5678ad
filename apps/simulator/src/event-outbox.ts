import { jitteredBackoffMs } from '@decent-cloud/kernel';
import { type AgentEvent, agentEvent, agentSubjects } from '@decent-cloud/messages';
import type { AgentState, StoredEvent } from '../../provider-agent/src/domain/agent-state.ts';
import type { JournalEntry } from '../../provider-agent/src/domain/journal-entry.stored.ts';
import { PublishFailedError } from './broker.ts';
import { Future } from './future.ts';
import { MS, type Process, until } from './kernel.ts';
import type { Surroundings } from './service.ts';
import type { SigningKey } from './signing.ts';
import type { EventBody } from './worker.ts';

const NO_SIG = '0'.repeat(128);

export interface EventOutboxParts {
  readonly around: Surroundings;
  readonly publicKey: string;
  readonly account: string;
  readonly key: SigningKey;
  now(): bigint;
  isLinked(): boolean;
  state(): AgentState;
  write(entries: readonly JournalEntry[]): Process;
}

/** What an agent says: numbered, signed, kept in the journal and sent until the broker has it. */
export class EventOutbox {
  /** What only this agent can have said. */
  readonly truths = new Set<string>();
  private awake = new Future<void>();
  private sending = new Map<string, Future<void>>();
  private seq = 0;

  constructor(private readonly parts: EventOutboxParts) {}

  /** After a restart: nobody of before waits any more. */
  reset(): void {
    this.seq = this.parts.state().seqUpTo;
    this.sending = new Map();
  }

  wake(): void {
    this.awake.resolve();
  }

  private sign(body: EventBody): AgentEvent {
    const event = {
      v: 1 as const,
      eventId: this.parts.around.kernel.random.uuid(),
      agentPublicKey: this.parts.publicKey,
      seq: ++this.seq,
      atNs: this.parts.now().toString(),
      sig: NO_SIG,
      ...body,
    };
    this.truths.add(event.eventId);
    return agentEvent.parse(event);
  }

  draft(body: EventBody): { eventId: string; entry: JournalEntry } {
    const event = this.sign(body);
    const { eventId, kind, seq } = event;
    return { eventId, entry: { t: 'event', eventId, kind, seq, text: JSON.stringify(event) } };
  }

  /** @throws PublishFailedError when the broker has not confirmed it */
  private *publish(event: AgentEvent): Process {
    if (!this.parts.isLinked()) throw new PublishFailedError('not connected');
    const subject = agentSubjects.event(this.parts.account, event.kind);
    this.parts.around.recorder.said(subject);
    yield* this.parts.around.broker.publish(subject, event.eventId, this.parts.key.sign(event));
  }

  /** A step or a report that is not heard of is no loss: the next one comes. */
  *sendLossy(body: EventBody): Process {
    try {
      yield* this.publish(this.sign(body));
    } catch (error) {
      if (!(error instanceof PublishFailedError)) throw error;
    }
  }

  *repeat(eventId: string): Process {
    const event = this.parts.state().events.get(eventId);
    if (!event) return;
    if (event.sent) yield* this.publish(JSON.parse(event.text) as AgentEvent);
    else yield* this.whenSent(eventId);
  }

  *whenSent(eventId: string): Process {
    const event = this.parts.state().events.get(eventId);
    if (!event || event.sent) return;
    const known = this.sending.get(eventId) ?? new Future<void>();
    this.sending.set(eventId, known);
    yield* until(known);
  }

  *sendForEver(): Process {
    const { random } = this.parts.around.kernel;
    for (let failures = 0; ; ) {
      this.awake = new Future();
      const { awake } = this;
      const failed = yield* this.sendAll();
      failures = failed ? failures + 1 : 0;
      if (!failed) yield* until(awake);
      else yield (100 + jitteredBackoffMs(failures, () => random.next(), 200, 15_000)) * MS;
    }
  }

  private *sendAll(): Process<boolean> {
    for (const event of this.parts.state().pending()) if (!(yield* this.send(event))) return true;
    return false;
  }

  private *send({ eventId, text }: StoredEvent): Process<boolean> {
    try {
      yield* this.publish(JSON.parse(text) as AgentEvent);
    } catch (error) {
      if (!(error instanceof PublishFailedError)) throw error;
      return false;
    }
    yield* this.parts.write([{ t: 'sent', eventId }]);
    this.sending.get(eventId)?.resolve();
    this.sending.delete(eventId);
    return true;
  }
}
