import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import {
  askersOfService,
  readersOfService,
  type ServiceName,
  serviceNames,
  servicesAskedBy,
  servicesReadBy,
} from '@decent-cloud/messages';

/** The keys with which one service signs what it says and checks what it is told: for each pair of services, one of each kind. */
export interface ServiceKeys {
  /** By the service that is asked. */
  readonly asks: ReadonlyMap<string, KeyObject>;
  /** By the service that asks. */
  readonly answers: ReadonlyMap<string, KeyObject>;
  /** By the service that reads the facts of this one. */
  readonly tells: ReadonlyMap<string, KeyObject>;
  /** By the service whose facts this one reads. */
  readonly hears: ReadonlyMap<string, KeyObject>;
}

/** What a service is told of its keys, as text for its environment. Secret. */
export function printServiceKeys(root: string, service: ServiceName): string {
  const key = (what: 'requests' | 'facts', from: string, to: string) =>
    createHmac('sha256', root).update(`${what} of ${from} to ${to}`).digest('hex');
  return [
    ...servicesAskedBy(service).map((answerer) => `asks.${answerer}=${key('requests', service, answerer)}`),
    ...askersOfService(service).map((asker) => `answers.${asker}=${key('requests', asker, service)}`),
    ...readersOfService(service).map((reader) => `tells.${reader}=${key('facts', service, reader)}`),
    ...servicesReadBy(service).map((teller) => `hears.${teller}=${key('facts', teller, service)}`),
  ].join(',');
}

const ENTRY = /^(asks|answers|tells|hears)\.([a-z]+)=([0-9a-f]{64})$/;

/** @throws Error when the text is not as it was printed; it does not say what was there */
export function readServiceKeys(text: string): ServiceKeys {
  const keys = {
    asks: new Map<string, KeyObject>(),
    answers: new Map<string, KeyObject>(),
    tells: new Map<string, KeyObject>(),
    hears: new Map<string, KeyObject>(),
  };
  for (const entry of text.split(',').filter((part) => part !== '')) {
    const [, use, service, hex] = ENTRY.exec(entry) ?? [];
    if (!use || !service || !hex || !(serviceNames as readonly string[]).includes(service)) {
      throw new Error('must be entries like asks.payments=<64 hex digits>, separated by commas');
    }
    keys[use as keyof typeof keys].set(service, createSecretKey(Buffer.from(hex, 'hex')));
  }
  return keys;
}
