import { send } from '../send.ts';
import { type Hostile, input, post } from './hostile.ts';
import { raw } from './raw-http.ts';

/** Bodies that no endpoint takes. */
export const badBodies: Hostile[] = [
  {
    name: 'malformed JSON',
    ...input,
    text: /^parse request payload error: /,
    send: (port) => send(port, post({ body: '{"text":' })),
  },
  {
    name: 'bytes that are no UTF-8',
    ...input,
    text: 'parse request payload error: invalid UTF-8',
    send: (port) => send(port, post({ body: Buffer.from([0x22, 0xff, 0x22]) })),
  },
  {
    name: 'JSON nested too deeply',
    ...input,
    text: 'parse request payload error: nested too deeply',
    send: (port) => send(port, post({ body: '['.repeat(400_000) })),
  },
  {
    name: 'JSON nested 20,000 deep that ends well, with a long integer inside',
    ...input,
    text: 'parse request payload error: nested too deeply',
    send: (port) => {
      const [open, close] = ['{"text":'.repeat(20_000), '}'.repeat(20_000)];
      return send(port, post({ body: `${open}12345678901234567890${close}` }));
    },
  },
  {
    name: 'a number that is not finite',
    ...input,
    text: 'parse request payload error: the number 1e400 is too large',
    send: (port) => send(port, post({ body: '{"text":"a","amount":1e400}' })),
  },
  {
    name: 'an integer of half a million digits',
    ...input,
    text: 'parse request payload error: a number has more than 400 characters',
    send: (port) => send(port, post({ body: `{"text":"a","amount":${'7'.repeat(500_000)}}` })),
  },
  {
    name: 'an integer of 21 digits',
    ...input,
    text: 'parse request payload error: an integer has more than 20 digits',
    send: (port) => send(port, post({ body: `{"text":"a","amount":${'7'.repeat(21)}}` })),
  },
  {
    name: 'U+0000 in the body',
    ...input,
    text: /U\+0000/,
    send: (port) => send(port, post({ body: '{"text":"a\\u0000b"}' })),
  },
  {
    name: 'another content type',
    status: 415,
    code: 'UNSUPPORTED_CONTENT_TYPE',
    text: 'the `Content-Type` requested by the client is not supported: text/xml',
    send: (port) => send(port, post({ headers: { 'content-type': 'text/xml' } })),
  },
  {
    name: 'no content type',
    status: 415,
    code: 'UNSUPPORTED_CONTENT_TYPE',
    text: 'the client request does not include the `Content-Type` header',
    send: (port) => send(port, post({ headers: { 'content-type': '' } })),
  },
  {
    name: 'another charset',
    status: 415,
    code: 'UNSUPPORTED_CONTENT_TYPE',
    text: /not supported/,
    send: (port) => send(port, post({ headers: { 'content-type': 'application/json; charset=utf-16' } })),
  },
  {
    name: 'a body over the limit',
    status: 413,
    code: 'BODY_TOO_LARGE',
    text: 'the request body is too large',
    send: (port) =>
      raw(`POST /api/v1/notes HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 1048577`)(port),
  },
  {
    name: 'a body over the limit of its endpoint',
    status: 413,
    code: 'BODY_TOO_LARGE',
    text: 'the request body is too large',
    send: (port) =>
      send(port, {
        method: 'POST',
        path: '/api/v1/import',
        body: 'x'.repeat(2_049),
        headers: { 'content-type': 'text/csv' },
      }),
  },
  {
    name: 'a body over the limit in chunks',
    status: 413,
    code: 'BODY_TOO_LARGE',
    text: 'the request body is too large',
    send: (port) =>
      raw(
        'POST /api/v1/import HTTP/1.1\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked',
        `1000\r\n${'x'.repeat(4096)}\r\n0\r\n\r\n`,
      )(port),
  },
  {
    name: 'GET with a body',
    ...input,
    text: 'a GET request must not have a body',
    send: (port) => send(port, { path: '/api/v1/notes', body: '{}' }),
  },
];
