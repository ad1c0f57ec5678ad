import type { FailureClass, FailureCode } from '@decent-cloud/messages/words';
import { BackendError, type BackendFailure } from '../backend.ts';

/** What went wrong at the engine, with the status of its answer; none when there was no answer. */
export class EngineError extends BackendError {
  override readonly name = 'BackendError';
  readonly status: number | undefined;

  constructor(failure: BackendFailure, status: number | undefined, options?: ErrorOptions) {
    super(failure, options);
    this.status = status;
  }
}

const LONGEST_TEXT = 500;

/** Texts of the engine that say more than its status does. */
const KNOWN: readonly (readonly [RegExp, FailureClass, FailureCode])[] = [
  [/port is already allocated|address already in use/i, 'transient', 'PORT_TAKEN'],
  [/cannot assign requested address/i, 'config', 'ADDRESS_NOT_HERE'],
  [/no space left on device/i, 'capacity', 'DISK_FULL'],
  [/range of cpus/i, 'config', 'TOO_MANY_CPUS'],
  [/storage[- ]opt|pquota/i, 'config', 'DISK_LIMIT_UNSUPPORTED'],
  [/minimum memory limit|invalid reference format/i, 'config', 'BAD_PARAMETER'],
  [/network \S+ not found/i, 'config', 'NETWORK_ABSENT'],
  [/could not find an available.*address pool|no available .*addresses/i, 'capacity', 'NO_ADDRESSES'],
];

const UNREACHABLE: Readonly<Record<string, FailureClass>> = {
  EACCES: 'config',
  ENOENT: 'transient',
  ECONNREFUSED: 'transient',
};

/** Sorts a failed call; `what` is the call in words. */
export function engineError(error: unknown, what: string): EngineError {
  if (error instanceof EngineError) return error;
  const { statusCode, code, message } = error as { statusCode?: number; code?: string; message?: string };
  const text = String(message ?? error)
    .replace(/^\(HTTP code \d+\) /, '')
    .trim()
    .slice(0, LONGEST_TEXT);
  const fail = (failureClass: FailureClass, name: FailureCode) =>
    new EngineError({ class: failureClass, code: name, message: `${what}: ${text}` }, statusCode, {
      cause: error,
    });
  if (statusCode === undefined) {
    const unreachable = UNREACHABLE[code ?? ''];
    return unreachable ? fail(unreachable, 'ENGINE_UNREACHABLE') : fail('transient', 'ENGINE_SILENT');
  }
  const known = KNOWN.find(([pattern]) => pattern.test(text));
  if (known) return fail(known[1], known[2]);
  if (statusCode === 404) return fail('permanent', 'NOT_FOUND');
  if (statusCode === 401 || statusCode === 403) return fail('config', 'ENGINE_REFUSED');
  if (statusCode === 400 || statusCode === 406) return fail('config', 'BAD_PARAMETER');
  return fail('transient', statusCode === 409 ? 'CONFLICT' : 'ENGINE_FAULT');
}

/** May the same question be asked again? */
export function isWorthRepeating(error: unknown): boolean {
  if (!(error instanceof EngineError)) return false;
  const { status, failure } = error;
  return failure.class === 'transient' && (status === undefined || status >= 500 || status === 429);
}
