import { Asker, printServiceKeys, type RequestOptions, readServiceKeys } from '@decent-cloud/bus';
import {
  type Answer,
  askersOf,
  type Caller,
  type CallInput,
  type RequestDeclaration,
  type ServiceName,
} from '@decent-cloud/messages';
import type { NatsConnection } from '@nats-io/transport-node';

const ROOT = 'the root of all request keys of specs';

/** `SERVICE_KEYS` of a service that is started by a spec. */
export const serviceKeysFor = (service: ServiceName): string => printServiceKeys(ROOT, service);

const askers = new WeakMap<NatsConnection, Map<string, Asker>>();

/** A service of the spec's own, which signs what it asks. */
export function askerOf(connection: NatsConnection, service: ServiceName): Asker {
  const known = askers.get(connection) ?? new Map<string, Asker>();
  askers.set(connection, known);
  const asker =
    known.get(service) ?? new Asker(connection, service, readServiceKeys(serviceKeysFor(service)));
  known.set(service, asker);
  return asker;
}

/** Whichever service may ask what is asked. */
export const ANY_SERVICE: Caller = { kind: 'service', name: 'any' };

/** Asks as the service that the caller is; for people and agents, as the gateway. */
export function askAs<const D extends RequestDeclaration>(
  connection: NatsConnection,
  declaration: D,
  input: CallInput<D>,
  options: RequestOptions,
): Promise<Answer<D>> {
  const isAny = options.caller === ANY_SERVICE;
  const caller: Caller = isAny ? { kind: 'service', name: askersOf(declaration)[0] ?? '' } : options.caller;
  const service = caller.kind === 'service' ? (caller.name as ServiceName) : 'gateway';
  return askerOf(connection, service).ask(declaration, input, { ...options, caller });
}

/** A function that asks at a connection, as any service unless told. */
export const askerAt =
  (connection: () => NatsConnection) =>
  <const D extends RequestDeclaration>(
    declaration: D,
    input: CallInput<D>,
    caller: Caller = ANY_SERVICE,
    idempotencyKey?: string,
  ): Promise<Answer<D>> =>
    askAs(connection(), declaration, input, {
      caller,
      requestId: globalThis.crypto.randomUUID(),
      timeoutMs: 20_000,
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
