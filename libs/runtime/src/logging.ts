import type { LoggerService } from '@nestjs/common';
import { trace } from '@opentelemetry/api';
import { type Logger, type LoggerOptions, pino } from 'pino';
import { currentRequestId } from './request-scope.ts';

export type { Logger } from 'pino';

const SECRETS = [
  '*.password',
  '*.secret',
  '*.seed',
  '*.token',
  '*.authorization',
  '*.jwt',
  '*.credentials',
  '*.creds',
];

/** Past so much that nobody reads from stdout, lines are dropped. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/**
 * JSON logs on stdout: one line an event, with service, request id and trace id. Lines are written while work goes on,
 * several at a time when there are many; at the end of the process what is left. `kill -9` takes the last milliseconds.
 */
export function createLogger(service: string, level: string): Logger {
  const stdout = pino.destination({ dest: 1, sync: false, maxLength: MAX_WAITING_BYTES });
  return pino(options(service, level), stdout);
}

function options(service: string, level: string): LoggerOptions {
  return {
    level,
    base: { service, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    messageKey: 'message',
    errorKey: 'error',
    serializers: { error: pino.stdSerializers.errWithCause },
    redact: { paths: SECRETS, censor: '[redacted]' },
    mixin() {
      const requestId = currentRequestId();
      const span = trace.getActiveSpan()?.spanContext();
      return {
        ...(requestId === undefined ? {} : { requestId }),
        ...(span === undefined ? {} : { traceId: span.traceId }),
      };
    },
  };
}

/** Lets Nest's own messages go through the same log, at debug where they are chatter. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}
  log(message: unknown, ...rest: unknown[]): void {
    this.logger.debug({ context: rest.at(-1) }, String(message));
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.logger.error(
      { context: rest.at(-1), error: message instanceof Error ? message : undefined },
      String(message),
    );
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.logger.warn({ context: rest.at(-1) }, String(message));
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.logger.debug({ context: rest.at(-1) }, String(message));
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.logger.trace({ context: rest.at(-1) }, String(message));
  }
  fatal(message: unknown, ...rest: unknown[]): void {
    this.logger.fatal({ context: rest.at(-1) }, String(message));
  }
}
