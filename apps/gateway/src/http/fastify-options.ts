import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { printExactJson, uuidV7 } from '@decent-cloud/kernel';
import type { FastifyHttpOptions } from 'fastify';
import type { GatewaySettings } from '../settings.ts';

const LONGEST_PARAMETER = 256;
/** Node looks for connections that are late only so often; its own 30 s would add themselves to every limit. */
const LOOK_FOR_LATE_MS = 1_000;
/** For reading the answer; a client that holds its half of the connection open is cut off then. */
const LEAVE_WITHIN_MS = 1_000;

/** Limits of the server itself: whoever sends slowly, much or forever is cut off. */
export function fastifyOptions(settings: GatewaySettings): FastifyHttpOptions<Server> {
  return {
    logger: false,
    requestIdHeader: false,
    bodyLimit: settings.BODY_LIMIT_BYTES,
    trustProxy: settings.TRUSTED_PROXIES.length > 0 ? [...settings.TRUSTED_PROXIES] : false,
    connectionTimeout: longestSilenceMs(settings),
    requestTimeout: Math.max(settings.REQUEST_TIMEOUT_SECS, settings.HEADERS_TIMEOUT_SECS) * 1_000,
    keepAliveTimeout: settings.KEEP_ALIVE_TIMEOUT_SECS * 1_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: LONGEST_PARAMETER, ignoreTrailingSlash: false, caseSensitive: true },
    http: {
      headersTimeout: settings.HEADERS_TIMEOUT_SECS * 1_000,
      connectionsCheckingInterval: LOOK_FOR_LATE_MS,
      maxHeaderSize: 16 * 1024,
    },
    exposeHeadRoutes: false,
    clientErrorHandler: answerClientError,
  };
}

/** A connection on which nothing moves either way for longer is of no use to anybody, an unread answer on it or not. */
function longestSilenceMs(settings: GatewaySettings): number {
  const { REQUEST_TIMEOUT_SECS, KEEP_ALIVE_TIMEOUT_SECS, SSE_KEEP_ALIVE_SECS, SERVICE_TIMEOUT_MS } = settings;
  const seconds = Math.max(REQUEST_TIMEOUT_SECS, KEEP_ALIVE_TIMEOUT_SECS, 2 * SSE_KEEP_ALIVE_SECS);
  return Math.max(seconds * 1_000, 2 * SERVICE_TIMEOUT_MS);
}

const STATUS_LINES: Readonly<Record<string, readonly [status: string, text: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request did not arrive in time'],
};

/** What is no HTTP request has no route and no filter: answered on the socket, in the same words. */
function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  setTimeout(() => socket.destroy(), LEAVE_WITHIN_MS).unref();
  const [status, text] = STATUS_LINES[error.code ?? ''] ?? ['400 Bad Request', 'this is no HTTP request'];
  const requestId = uuidV7(BigInt(Date.now()) * 1_000_000n);
  const body = printExactJson({ success: false, error: text, code: 'INVALID_INPUT', requestId });
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `x-request-id: ${requestId}\r\nconnection: close\r\n\r\n${body}`,
  );
}
