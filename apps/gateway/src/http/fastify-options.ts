import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { printExactJson, uuidV7 } from '@decent-cloud/kernel';
import type { FastifyHttpOptions } from 'fastify';
import type { GatewaySettings } from '../settings.ts';

const LONGEST_PARAMETER = 256;

/** Limits of the server itself: whoever sends slowly, much or forever is cut off. */
export function fastifyOptions(settings: GatewaySettings): FastifyHttpOptions<Server> {
  return {
    logger: false,
    requestIdHeader: false,
    bodyLimit: settings.BODY_LIMIT_BYTES,
    trustProxy: settings.TRUSTED_PROXIES.length > 0 ? [...settings.TRUSTED_PROXIES] : false,
    connectionTimeout: 0,
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: LONGEST_PARAMETER, ignoreTrailingSlash: false, caseSensitive: true },
    http: { headersTimeout: 10_000, maxHeaderSize: 16 * 1024 },
    exposeHeadRoutes: false,
    clientErrorHandler: answerClientError,
  };
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
  const [status, text] = STATUS_LINES[error.code ?? ''] ?? ['400 Bad Request', 'this is no HTTP request'];
  const requestId = uuidV7(BigInt(Date.now()) * 1_000_000n);
  const body = printExactJson({ success: false, error: text, code: 'INVALID_INPUT', requestId });
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `x-request-id: ${requestId}\r\nconnection: close\r\n\r\n${body}`,
  );
}
