import { connect as connectTcp } from 'node:net';
import type { Answered } from '../send.ts';

/** Raw bytes on a socket, for what no HTTP client sends. */
export function sendRaw(port: number, text: string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.setTimeout(5_000, () => socket.destroy(new Error('no answer')));
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      answer += chunk;
      const [head = '', body] = answer.split('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (body === undefined || body.length < length) return;
      socket.destroy();
      const headers = new Headers(
        head
          .split('\r\n')
          .slice(1)
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
      );
      resolve({
        status: Number(head.split(' ')[1]),
        headers,
        text: body,
        json: body ? JSON.parse(body) : {},
      });
    });
  });
}

/** Sends a head of its own making, and a body. */
export const raw =
  (head: string, body = '') =>
  (port: number) =>
    sendRaw(port, `${head}\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n${body}`);
