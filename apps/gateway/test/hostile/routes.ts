import { randomUUID } from 'node:crypto';
import { send } from '../send.ts';
import { type Hostile, input, post } from './hostile.ts';
import { raw, sendRaw } from './raw-http.ts';

/** Paths, queries and HTTP that no endpoint has. */
export const badRoutes: Hostile[] = [
  {
    name: 'an unknown path',
    status: 404,
    code: 'UNKNOWN_ENDPOINT',
    text: 'not found',
    send: (port) => send(port, { path: '/api/v1/nothing' }),
  },
  {
    name: 'a known path with a slash too many',
    status: 404,
    code: 'UNKNOWN_ENDPOINT',
    text: 'not found',
    send: (port) => send(port, { path: '/api/v1/notes.csv/' }),
  },
  ...[
    '/api/v1/notes/',
    '/api/v1/notes/?q=1',
    '/api/v1//notes',
    '//api/v1/notes',
    '/api/v1/notes//',
    '/api/v1/notes/me/',
    '/api/v1/users//notes',
  ].map((path) => ({
    name: `a path with nothing between or after its slashes: ${path}`,
    status: 404,
    code: 'UNKNOWN_ENDPOINT',
    text: 'not found',
    send: (port: number) => send(port, { path }),
  })),
  {
    name: 'a path outside the API',
    status: 404,
    code: 'UNKNOWN_ENDPOINT',
    text: 'not found',
    send: (port) => send(port, { path: '/..%2f..%2fetc/passwd' }),
  },
  {
    name: 'another verb',
    status: 405,
    code: 'UNKNOWN_ENDPOINT',
    text: 'method not allowed',
    send: (port) => send(port, { method: 'PUT', path: '/api/v1/notes' }),
  },
  {
    name: 'bad percent-encoding in the path',
    ...input,
    text: /percent-encoding/,
    send: (port) => send(port, { path: '/api/v1/notes/%zz' }),
  },
  {
    name: 'half a character in the path',
    ...input,
    text: /percent-encoding/,
    send: (port) => send(port, { path: '/api/v1/notes/%c3%28' }),
  },
  {
    name: 'U+0000 in the path',
    ...input,
    text: /U\+0000/,
    send: (port) => send(port, { path: '/api/v1/notes/a%00b' }),
  },
  {
    name: 'U+0000 in the query',
    ...input,
    text: /U\+0000/,
    send: (port) => send(port, { path: '/api/v1/notes?q=%00' }),
  },
  {
    name: 'a parameter that is too long',
    status: 414,
    code: 'INVALID_INPUT',
    text: 'the path is too long',
    send: (port) => send(port, { path: `/api/v1/notes/${'n'.repeat(600)}` }),
  },
  {
    name: 'a URL that is too long',
    status: 414,
    code: 'INVALID_INPUT',
    text: /the URL is longer/,
    send: (port) => send(port, { path: `/api/v1/notes?q=${'n'.repeat(9_000)}` }),
  },
  {
    name: 'headers that are too large',
    status: 431,
    code: 'INVALID_INPUT',
    text: 'the headers are too large',
    send: (port) => raw(`GET /api/v1/notes HTTP/1.1\r\nX-Long: ${'n'.repeat(20_000)}`)(port),
  },
  {
    name: 'no HTTP at all',
    ...input,
    text: 'this is no HTTP request',
    send: (port) => sendRaw(port, 'HELO there\r\n\r\n'),
  },
  {
    name: 'a header twice',
    ...input,
    text: 'the header x-nonce is there more than once',
    send: (port) =>
      raw(`GET /api/v1/notes HTTP/1.1\r\nX-Nonce: ${randomUUID()}\r\nx-nonce: ${randomUUID()}`)(port),
  },
  {
    name: 'two hosts',
    ...input,
    text: /host is there more than once|no HTTP request/,
    send: (port) => raw('GET /api/v1/notes HTTP/1.1\r\nHost: evil.example')(port),
  },
  {
    name: 'two lengths',
    ...input,
    text: /no HTTP request|more than once/,
    send: (port) => raw('POST /api/v1/notes HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3', '{}')(port),
  },
  {
    name: 'a length and chunks',
    ...input,
    text: /no HTTP request/,
    send: (port) =>
      raw(
        'POST /api/v1/notes HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked',
        '0\r\n\r\n',
      )(port),
  },
  {
    name: 'an idempotency key with a space',
    ...input,
    text: /^Idempotency-Key must be/,
    send: (port) => send(port, post({ headers: { 'idempotency-key': 'a b' } })),
  },
  {
    name: 'a page of another origin',
    status: 403,
    code: 'ORIGIN_NOT_ALLOWED',
    text: 'request-origin not allowed',
    send: (port) => send(port, { path: '/api/v1/notes', headers: { origin: 'https://evil.example' } }),
  },
  {
    name: 'a preflight for another header',
    status: 403,
    code: 'ORIGIN_NOT_ALLOWED',
    text: 'request-headers not allowed',
    send: (port) =>
      send(port, {
        method: 'OPTIONS',
        path: '/api/v1/notes',
        headers: {
          origin: 'http://localhost:5173',
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'x-evil',
        },
      }),
  },
];
