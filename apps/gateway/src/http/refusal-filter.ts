import { printExactJson, type Reason, Refusal } from '@decent-cloud/kernel';
import { statusOfCode } from '@decent-cloud/openapi';
import type { Logger } from '@decent-cloud/runtime';
import { errors } from '@nats-io/transport-node';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HttpProblem } from './problem.ts';
import { ServiceRefusal } from './service-refusal.ts';

export interface ErrorAnswer {
  readonly status: number;
  readonly reason: Reason;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Refusals of services that are no business failures: they keep their status in legacy mode, too. */
const NEVER_LEGACY = new Set(['UNAUTHENTICATED', 'UNAVAILABLE', 'TOO_LARGE', 'UNSUPPORTED_MEDIA']);
const INTERNAL: ErrorAnswer = { status: 500, reason: 'INTERNAL', text: 'Internal error' };

/** What Fastify says before a handler runs. */
const OF_FASTIFY: Readonly<Record<string, ErrorAnswer>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    status: 413,
    reason: 'BODY_TOO_LARGE',
    text: 'the request body is too large',
    // The rest of the body is not read.
    headers: { connection: 'close' },
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    status: 400,
    reason: 'INVALID_INPUT',
    text: 'the request body is not as long as Content-Length says',
    headers: { connection: 'close' },
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    status: 415,
    reason: 'UNSUPPORTED_CONTENT_TYPE',
    text: 'the `Content-Type` requested by the client is not supported',
  },
  FST_ERR_BAD_URL: {
    status: 400,
    reason: 'INVALID_INPUT',
    text: 'failed to parse path: bad percent-encoding',
  },
  FST_ERR_MAX_PARAM_LENGTH: { status: 414, reason: 'INVALID_INPUT', text: 'the path is too long' },
};

/** The one place where errors become answers, in both status modes. */
@Catch()
export class RefusalFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly legacy: boolean,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const answer = this.read(error, request);
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    for (const [name, value] of Object.entries(answer.headers ?? {})) reply.header(name, value);
    reply
      .code(answer.status)
      .header('content-type', 'application/json; charset=utf-8')
      .send(bareOf(request) ? printExactJson({ error: answer.text }) : envelopeOf(answer, request.id));
  }

  private read(error: unknown, request: FastifyRequest): ErrorAnswer {
    if (error instanceof ServiceRefusal) {
      const { code } = error.refusal;
      const isLegacy = this.legacy && !NEVER_LEGACY.has(code) && !bareOf(request);
      return { ...this.ofRefusal(error.refusal, request), ...(isLegacy && { status: 200 }) };
    }
    if (error instanceof Refusal) return this.ofRefusal(error, request);
    if (error instanceof HttpProblem) {
      return {
        status: error.status,
        reason: error.reason,
        text: error.message,
        headers: error.headers,
      };
    }
    const code = (error as { code?: unknown } | null)?.code;
    const ofFastify = typeof code === 'string' ? OF_FASTIFY[code] : undefined;
    if (ofFastify) return ofFastify;
    if (error instanceof HttpException && error.getStatus() === 404) {
      return { status: 404, reason: 'UNKNOWN_ENDPOINT', text: 'not found' };
    }
    const status = (error as { statusCode?: unknown } | null)?.statusCode;
    if (typeof code === 'string' && code.startsWith('FST_') && typeof status === 'number' && status < 500) {
      return { status, reason: 'INVALID_INPUT', text: (error as Error).message };
    }
    if (isClientGone(error))
      return { status: 400, reason: 'INVALID_INPUT', text: 'the request was not sent whole' };
    if (error instanceof errors.InvalidArgumentError && /max_payload/.test(error.message)) {
      return OF_FASTIFY.FST_ERR_CTP_BODY_TOO_LARGE as ErrorAnswer;
    }
    this.logger.error(
      { error, method: request.method, route: request.routeOptions?.url },
      'the gateway failed on a request',
    );
    return INTERNAL;
  }

  private ofRefusal({ code, reason, message: text }: Refusal, request: FastifyRequest): ErrorAnswer {
    const status = bareOf(request)?.[code] ?? statusOfCode[code];
    return { status, reason, text, ...(status === 503 && { headers: { 'retry-after': '1' } }) };
  }
}

/** The envelope of an answer that says no. */
export function envelopeOf(answer: Pick<ErrorAnswer, 'text' | 'reason'>, requestId: string): string {
  return printExactJson({ success: false, error: answer.text, code: answer.reason, requestId });
}

/** Of an endpoint whose clients do not know the envelope. */
const bareOf = (request: FastifyRequest) => request.routeOptions?.config?.declaration?.bareRefusals;

function isClientGone(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ABORT_ERR';
}
