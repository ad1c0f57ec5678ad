import * as requests from '../requests.ts';
import { innerServiceNames, type ServiceName, serviceNames } from '../services.ts';
import type { Caller } from '../wire/caller.ts';
import { isEndpoint, type RequestDeclaration } from '../wire/endpoint.ts';

/**
 * Who asks whom: the one place from which the keys that sign requests, the rights at the broker and the checks of the
 * services' doors follow. Endpoints are asked by the gateway; what services ask each other names its askers.
 */
export function askersOf(declaration: RequestDeclaration): readonly string[] {
  return declaration.askedBy ?? (isEndpoint(declaration) ? ['gateway'] : []);
}

/** Every request between services that this one may ask; the gateway asks every endpoint besides. */
export const requestsAskedBy = (asker: string): readonly RequestDeclaration[] =>
  Object.values<RequestDeclaration>(requests).filter((declaration) => askersOf(declaration).includes(asker));

/** The services of which this one may ask something. */
export function servicesAskedBy(asker: ServiceName): readonly ServiceName[] {
  if (asker === 'gateway') return innerServiceNames;
  const owners = new Set(requestsAskedBy(asker).map(({ subject }) => subject.split('.')[1]));
  return serviceNames.filter((name) => owners.has(name));
}

/** The services that may ask this one something. */
export const askersOfService = (answerer: ServiceName): readonly ServiceName[] =>
  serviceNames.filter((name) => name !== answerer && servicesAskedBy(name).includes(answerer));

/**
 * May this service ask this in the name of this caller? Only the gateway speaks for people and agents, and only through
 * endpoints; all others speak for themselves.
 */
export function mayAsk(asker: string, declaration: RequestDeclaration, caller: Caller): boolean {
  if (!askersOf(declaration).includes(asker)) return false;
  if (caller.kind === 'service') return caller.name === asker;
  return asker === 'gateway' && isEndpoint(declaration);
}
