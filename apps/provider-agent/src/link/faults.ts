import { ApiError } from '@decent-cloud/client';
import {
  ClosedConnectionError,
  NoRespondersError,
  RequestError,
  TimeoutError,
} from '@nats-io/transport-node';
import { NoBrokerError } from './connect.ts';
import { NotConnectedError } from './not-connected.ts';
import { DisbelievedError } from './read-command.ts';

/** Nobody answers on the way to the platform. */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof ApiError) return error.code === 'UNAVAILABLE';
  return (
    error instanceof NoBrokerError ||
    error instanceof NotConnectedError ||
    error instanceof TimeoutError ||
    error instanceof NoRespondersError ||
    error instanceof RequestError ||
    error instanceof ClosedConnectionError
  );
}

/** The platform, or who says so, does not let this agent in or is not believed. */
export function isRefusedAccess(error: unknown): boolean {
  if (error instanceof DisbelievedError) return true;
  return error instanceof ApiError && (error.status === 401 || error.status === 403);
}

/** What it is that cannot be asked; undefined: the fault is another one. */
export function platformFaultOf(error: unknown): 'unreachable' | 'access' | undefined {
  if (isRefusedAccess(error)) return 'access';
  return isUnreachable(error) ? 'unreachable' : undefined;
}
