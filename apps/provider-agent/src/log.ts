import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
const SECRETS = [
  '*.password',
  '*.secret',
  '*.seed',
  '*.seedHex',
  '*.token',
  '*.userJwt',
  '*.jwt',
  '*.credential',
];

/** `DC_AGENT_LOG`, else `RUST_LOG` (of which the general level counts), else info. */
export function logLevel(env: NodeJS.ProcessEnv): string {
  const wanted = (env.DC_AGENT_LOG ?? env.RUST_LOG ?? '').split(',').map((part) => part.trim().toLowerCase());
  return wanted.find((part) => LEVELS.includes(part)) ?? 'info';
}

/** One line an event, as JSON or for people to read. */
export function createLogger(
  format: 'json' | 'text',
  level: string,
  destination: DestinationStream = process.stdout,
): Logger {
  return pino(
    {
      level,
      base: { service: 'dc-agent', pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'message',
      errorKey: 'error',
      serializers: { error: pino.stdSerializers.errWithCause },
      redact: { paths: SECRETS, censor: '[redacted]' },
    },
    format === 'json' ? destination : { write: (line) => void destination.write(readable(line)) },
  );
}

function readable(line: string): string {
  const {
    level,
    time,
    message,
    error,
    service: _service,
    pid: _pid,
    ...rest
  } = JSON.parse(line) as Record<string, unknown> & { error?: { message?: string; stack?: string } };
  const details = Object.entries(rest).map(([name, value]) => `${name}=${plain(value)}`);
  const name = (pino.levels.labels[Number(level)] ?? 'info').toUpperCase().padEnd(5);
  const why = error ? `: ${Number(level) >= 50 ? (error.stack ?? error.message) : error.message}` : '';
  return `${time} ${name} ${message}${why}${details.length > 0 ? ` (${details.join(' ')})` : ''}\n`;
}

const plain = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
