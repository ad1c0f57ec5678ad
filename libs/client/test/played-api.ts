import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { printExactJson } from '@decent-cloud/kernel';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
type Reply = (response: ServerResponse, request: IncomingMessage) => void;

export const reply =
  (status: number, body: string, headers: Record<string, string> = {}): Reply =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  };
export const done = (data: unknown) => reply(200, printExactJson({ success: true, data }));
export const refuse = (status: number, code: string, headers: Record<string, string> = {}) =>
  reply(status, JSON.stringify({ success: false, error: `no: ${code}`, code, requestId: 'r-1' }), headers);
export const hangUp: Reply = (_response, request) => request.socket.destroy();

/** An API that gives the replies that each test lines up, and notes what came. */
export class PlayedApi {
  baseUrl = '';
  readonly seen: Seen[] = [];
  readonly replies: Reply[] = [];
  private readonly server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    this.seen.push({
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    });
    (this.replies.shift() ?? refuse(500, 'INTERNAL'))(response, request);
  });

  static forFile(): PlayedApi {
    const api = new PlayedApi();
    beforeAll(async () => {
      await new Promise<void>((resolve) => api.server.listen(0, '127.0.0.1', resolve));
      api.baseUrl = `http://127.0.0.1:${(api.server.address() as AddressInfo).port}`;
    });
    afterAll(() => new Promise((resolve) => api.server.close(resolve)));
    beforeEach(() => {
      api.seen.length = 0;
      api.replies.length = 0;
    });
    return api;
  }
}
