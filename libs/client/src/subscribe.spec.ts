import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ApiError } from './api-error.ts';
import { createClient } from './client.ts';
import type { LiveEvent, SubscribeOptions } from './subscribe.ts';

type Reply = (response: ServerResponse) => void;
const stream =
  (text: string, end = true): Reply =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(text);
    if (end) response.end();
  };
const refuse =
  (status: number, code: string): Reply =>
  (response) => {
    response.writeHead(status).end(JSON.stringify({ success: false, error: 'no', code, requestId: 'r' }));
  };

describe('live events', () => {
  let server: Server;
  let baseUrl: string;
  let seen: IncomingMessage[];
  let replies: Reply[];
  let waits: number[];
  const abort = { controller: new AbortController() };

  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(request);
      (replies.shift() ?? refuse(403, 'NOT_OWNER'))(response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  beforeEach(() => {
    [seen, replies, waits] = [[], [], []];
    abort.controller = new AbortController();
  });

  // A stream that a failed test left behind would reconnect for ever.
  afterEach(() => abort.controller.abort());

  const subscribe = (options: SubscribeOptions = {}) =>
    createClient({
      baseUrl,
      signer: { publicKey: 'ab', sign: ({ nonce }) => ({ 'X-Nonce': nonce }) },
      random: () => 0.5,
      sleep: async (ms) => void waits.push(ms),
    }).subscribe({ signal: abort.controller.signal, ...options });
  /** Takes so many events, then leaves. */
  const take = async (count: number, options: SubscribeOptions = {}): Promise<LiveEvent[]> => {
    const events: LiveEvent[] = [];
    for await (const event of subscribe(options)) if (events.push(event) === count) break;
    return events;
  };

  it('reads exactly, resumes after the last event and signs anew', async () => {
    replies.push(stream('id: 1\nevent: wallet-changed\ndata: {"balanceE9s":1795414881239669001}\n\n'));
    replies.push(stream('id: 2\ndata: text\n\n', false));
    expect(await take(2)).toEqual([
      { id: '1', event: 'wallet-changed', data: { balanceE9s: 1795414881239669001n } },
      { id: '2', event: 'message', data: 'text' },
    ]);
    expect(seen.map((request) => request.headers['last-event-id'])).toEqual([undefined, '1']);
    expect(seen[0]?.headers['x-nonce']).not.toBe(seen[1]?.headers['x-nonce']);
  });

  it('resumes where the stream said it stands, but not after an event of which the end is missing', async () => {
    replies.push(stream('retry: 1\nid: 7\n\n'), stream('id: 8\ndata: cut'), stream('id: 8\ndata: 8\n\n'));
    expect(await take(1)).toEqual([{ id: '8', event: 'message', data: 8 }]);
    expect(seen.map((request) => request.headers['last-event-id'])).toEqual([undefined, '7', '7']);
  });

  it('begins where it is told, at the path it is told', async () => {
    replies.push(stream('data: 1\n\n'));
    await take(1, { lastEventId: '41', path: '/api/v1/other?a=1' });
    expect(seen[0]?.url).toBe('/api/v1/other?a=1');
    expect(seen[0]?.headers['last-event-id']).toBe('41');
  });

  it('backs off longer each time until events come again, and as long as the stream asks', async () => {
    replies.push(refuse(503, 'SERVICE_UNAVAILABLE'), stream(''), stream('retry: 5000\ndata: 1\n\n'));
    replies.push(stream('data: 2\n\n'));
    const breaks: ApiError[] = [];
    let connects = 0;
    await take(2, { onBreak: (error) => breaks.push(error), onConnect: () => connects++ });
    expect(waits).toEqual([100, 200, 5_100]);
    expect(breaks.map((error) => error.reason)).toEqual(['SERVICE_UNAVAILABLE', 'NETWORK', 'NETWORK']);
    expect(connects).toBe(3);
  });

  it('reconnects when the stream falls silent', async () => {
    replies.push(stream('data: 1\n\n', false), stream('data: 2\n\n', false));
    expect(await take(2, { idleTimeoutMs: 30 })).toHaveLength(2);
    expect(seen).toHaveLength(2);
  });

  it('reconnects when the answer does not even begin', async () => {
    replies.push(() => undefined, stream('data: 1\n\n', false));
    expect(await take(1, { idleTimeoutMs: 30 })).toHaveLength(1);
    expect(seen).toHaveLength(2);
  });

  it('stays as long as anything comes, keep-alives included', async () => {
    replies.push((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      let pieces = 0;
      const timer = setInterval(() => {
        response.write(++pieces < 12 ? ': keep-alive\n\n' : 'data: late\n\n');
        if (pieces === 12) clearInterval(timer);
      }, 50);
    });
    expect(await take(1, { idleTimeoutMs: 300 })).toMatchObject([{ data: 'late' }]);
    expect(seen).toHaveLength(1);
  });

  it('does not take a slow reader for a silent stream', async () => {
    replies.push(stream('data: 1\n\n', false));
    replies.push(stream('data: again\n\n'));
    const events: unknown[] = [];
    const breaks: ApiError[] = [];
    for await (const event of subscribe({ idleTimeoutMs: 40, onBreak: (error) => breaks.push(error) })) {
      events.push(event.data);
      if (events.length === 2) break;
      await new Promise((resolve) => setTimeout(resolve, 120));
      expect(breaks).toEqual([]);
      expect(seen).toHaveLength(1);
    }
  });

  it('ends with the refusal when it may not listen', async () => {
    replies.push(refuse(403, 'NOT_OWNER'));
    await expect(take(1)).rejects.toMatchObject({ status: 403, reason: 'NOT_OWNER' });
    expect(seen).toHaveLength(1);
  });

  it('ends quietly when the caller aborts', async () => {
    replies.push(stream('data: 1\n\n', false));
    const events: LiveEvent[] = [];
    for await (const event of subscribe()) {
      events.push(event);
      abort.controller.abort();
    }
    expect(events).toHaveLength(1);
    expect(seen).toHaveLength(1);
  });
});
