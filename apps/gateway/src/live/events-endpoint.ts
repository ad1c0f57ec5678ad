import { printExactJson, Refusal } from '@decent-cloud/kernel';
import { openEvents } from '@decent-cloud/messages/gateway';
import type { Logger } from '@decent-cloud/runtime';
import type { Authenticator } from '../auth/authenticator.ts';
import type { LocalCall, LocalEndpoint } from '../http/local-endpoint.ts';
import { addressBlock } from '../limits/rate-limiter.ts';
import { EventStream, parseEventId } from './event-stream.ts';
import type { Position } from './fact-reader.ts';
import type { LiveHub } from './live-hub.ts';
import type { Past } from './past.ts';
import type { Counted } from './stream-limits.ts';
import type { Tickets } from './tickets.ts';

export interface EventsParts {
  readonly hub: LiveHub;
  readonly past: Past;
  readonly tickets: Tickets;
  readonly authenticator: Authenticator;
  readonly logger: Logger;
  readonly keepAliveMs: number;
  readonly random: () => number;
}

/** `GET /events`: the caller's changes as server-sent events, resumable. */
export class EventsEndpoint implements LocalEndpoint {
  constructor(private readonly parts: EventsParts) {}

  readonly authenticate: NonNullable<LocalEndpoint['authenticate']> = async (call) => {
    const { authenticator, tickets } = this.parts;
    // First of all: a ticket must not be used up for nothing.
    this.position();
    this.parts.hub.places.assertAddress(addressBlock(call.request.ip));
    const ticket = call.query('ticket');
    if (ticket !== undefined) {
      return await authenticator.userOfKey(await tickets.redeem(ticket));
    }
    return await authenticator.authenticate(openEvents, call.raw, {
      params: {},
      signatureQuery: call.query,
    });
  };

  readonly answer: LocalEndpoint['answer'] = async (call) => {
    const { hub } = this.parts;
    const { caller } = call;
    if (caller.kind !== 'user') throw new Error('live updates are for users');
    const position = this.position();
    const { publicKey, accountId } = caller;
    const counted = { publicKey, accountId, address: addressBlock(call.request.ip) };
    hub.places.assertOneMore(counted);
    const lastId = call.raw.headers['last-event-id'] ?? call.query('last_event_id');
    const from = typeof lastId === 'string' && lastId !== '' ? parseEventId(lastId) : undefined;
    if (lastId !== undefined && lastId !== '' && !from) {
      throw new Refusal('INVALID', 'INVALID_INPUT', 'last_event_id: is not an id of this stream');
    }
    const stream = this.open(call, counted);
    hub.add(stream);
    if (!from || isOfAnother(from, position)) {
      stream.open(position.sequence);
      if (from) stream.reset(position);
    } else stream.open(from.sequence);
    return undefined;
  };

  /** @throws Refusal when no stream can be opened here now */
  private position(): Position {
    const { position } = this.parts.hub;
    if (!position) throw unavailable('Live updates are not available at the moment');
    return position;
  }

  private open({ reply }: LocalCall, counted: Counted): EventStream {
    const { hub, past, logger, keepAliveMs, random } = this.parts;
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
      ...counted,
      position: () => this.position(),
      pageAfter: (sequence, concerns) =>
        hub.pageAfter(sequence) ?? past.pageAfter(sequence, this.position().sequence, concerns),
      keepAliveMs,
      random,
      onClose: (stream, why) => {
        hub.remove(stream);
        logger.debug({ publicKey: stream.publicKey, why }, 'live stream closed');
      },
    });
  }
}

/** Another gateway may have read further than this one: then the incarnation is the same, and the rest will come here soon. */
function isOfAnother(from: { sequence: number; incarnation?: string }, position: Position): boolean {
  return from.incarnation === undefined
    ? from.sequence > position.sequence
    : from.incarnation !== position.incarnation;
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
