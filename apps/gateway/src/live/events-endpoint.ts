import { printExactJson, Refusal } from '@decent-cloud/kernel';
import { openEvents } from '@decent-cloud/messages/platform';
import type { Logger } from '@decent-cloud/runtime';
import type { Authenticator } from '../auth/authenticator.ts';
import type { LocalCall, LocalEndpoint } from '../http/local-endpoint.ts';
import { EventStream, parseEventId } from './event-stream.ts';
import type { FactReader, Position } from './fact-reader.ts';
import { changeOf, type LiveHub } from './live-hub.ts';
import type { Tickets } from './tickets.ts';

/** A client that was away for longer looks at everything again. */
const LONGEST_GAP_MESSAGES = 20_000;
const GAPS_AT_ONCE = 32;

export interface EventsParts {
  readonly hub: LiveHub;
  readonly reader: FactReader;
  readonly tickets: Tickets;
  readonly authenticator: Authenticator;
  readonly logger: Logger;
  readonly keepAliveMs: number;
  readonly streamsPerKey: number;
  readonly streamsMax: number;
  readonly random: () => number;
}

/** `GET /events`: the caller's changes as server-sent events, resumable. */
export class EventsEndpoint implements LocalEndpoint {
  private gapsInHand = 0;

  constructor(private readonly parts: EventsParts) {}

  readonly authenticate: NonNullable<LocalEndpoint['authenticate']> = async (call) => {
    const { authenticator, tickets } = this.parts;
    // First of all: a ticket must not be used up for nothing.
    this.position();
    const ticket = call.query('ticket');
    if (ticket !== undefined) {
      return await authenticator.userOfKey(await tickets.redeem(ticket), call.requestId);
    }
    return await authenticator.authenticate(openEvents, call.raw, {
      requestId: call.requestId,
      params: {},
      signatureQuery: call.query,
    });
  };

  readonly answer: LocalEndpoint['answer'] = async (call) => {
    const { hub, streamsPerKey } = this.parts;
    const { caller } = call;
    if (caller.kind !== 'user') throw new Error('live updates are for users');
    const position = this.position();
    if (hub.countOf(caller.publicKey) >= streamsPerKey) {
      throw new Refusal('LIMIT', 'RATE_LIMITED', `At most ${streamsPerKey} live streams for a key`);
    }
    const lastId = call.raw.headers['last-event-id'] ?? call.query('last_event_id');
    const from = typeof lastId === 'string' && lastId !== '' ? parseEventId(lastId) : undefined;
    if (lastId !== undefined && lastId !== '' && !from) {
      throw new Refusal('INVALID', 'INVALID_INPUT', 'last_event_id: is not an id of this stream');
    }
    const stream = this.open(call, caller.publicKey, caller.accountId);
    hub.add(stream);
    if (from) await this.catchUp(stream, from, position);
    else stream.open(position);
    stream.join();
    return undefined;
  };

  /** @throws Refusal when no stream can be opened here now */
  private position(): Position {
    const { hub, streamsMax } = this.parts;
    if (!hub.position) throw unavailable('Live updates are not available at the moment');
    if (hub.size >= streamsMax) throw unavailable('Too many live streams are open at this gateway');
    return hub.position;
  }

  private open({ reply }: LocalCall, publicKey: string, accountId: string | undefined): EventStream {
    const { hub, logger, keepAliveMs, random } = this.parts;
    reply.hijack();
    const response = reply.raw;
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) response.setHeader(name, value);
    }
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      // Proxies of the nginx kind would hold events back.
      'x-accel-buffering': 'no',
    });
    response.socket?.setNoDelay(true);
    return new EventStream({
      response,
      publicKey,
      accountId,
      incarnation: () => hub.position?.incarnation ?? '',
      keepAliveMs,
      random,
      onClose: (stream, why) => {
        hub.remove(stream);
        logger.debug({ publicKey, why }, 'live stream closed');
      },
    });
  }

  /** What happened between `from` and now; the stream holds back what happens meanwhile. */
  private async catchUp(
    stream: EventStream,
    from: { sequence: number; incarnation?: string },
    position: Position,
  ): Promise<void> {
    stream.open({ ...position, sequence: from.sequence });
    const isOfAnotherStream = from.incarnation !== undefined && from.incarnation !== position.incarnation;
    const isAhead = from.sequence > position.sequence;
    if (isOfAnotherStream || (isAhead && from.incarnation === undefined)) return stream.reset(position);
    // Another gateway has read further than this one: what the client has seen will come here soon.
    if (isAhead) return stream.skipTo(from.sequence);
    const kept = this.parts.hub.keptSince(from.sequence);
    if (kept) {
      for (const change of kept) if (change.sequence <= position.sequence) stream.replay(change);
      return;
    }
    if (!(await this.readGap(stream, from.sequence, position))) stream.reset(position);
  }

  private async readGap(stream: EventStream, from: number, position: Position): Promise<boolean> {
    const { reader, logger } = this.parts;
    if (this.gapsInHand >= GAPS_AT_ONCE) return false;
    this.gapsInHand++;
    try {
      const info = await reader.streamInfo();
      if (from + 1 < info.state.first_seq) return false;
      return await reader.readGap(from, position.sequence, LONGEST_GAP_MESSAGES, (fact, sequence) => {
        const change = changeOf(fact, sequence);
        if (change) stream.replay(change);
      });
    } catch (error) {
      logger.warn({ error }, 'a live stream could not be caught up');
      return false;
    } finally {
      this.gapsInHand--;
    }
  }
}

/** `POST /events/ticket` */
export function ticketEndpoint(tickets: Tickets): LocalEndpoint {
  return {
    async answer({ caller }) {
      if (caller.kind !== 'user') throw new Error('tickets are for users');
      return printExactJson(await tickets.issue(caller.publicKey));
    },
  };
}

const unavailable = (text: string): Refusal => new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', text);
