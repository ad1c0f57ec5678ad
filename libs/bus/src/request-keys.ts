import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { askersOfService, type ServiceName, serviceNames, servicesAskedBy } from '@decent-cloud/messages';

/** The keys with which one service signs what it asks and checks what it is asked: one for each pair of services. */
export interface RequestKeys {
  /** By the service that is asked. */
  readonly asks: ReadonlyMap<string, KeyObject>;
  /** By the service that asks. */
  readonly answers: ReadonlyMap<string, KeyObject>;
}

/** What a service is told of its keys, as text for its environment. Secret. */
export function printRequestKeys(root: string, service: ServiceName): string {
  const key = (asker: string, answerer: string) =>
    createHmac('sha256', root).update(`requests of ${asker} to ${answerer}`).digest('hex');
  return [
    ...servicesAskedBy(service).map((answerer) => `asks.${answerer}=${key(service, answerer)}`),
    ...askersOfService(service).map((asker) => `answers.${asker}=${key(asker, service)}`),
  ].join(',');
}

const ENTRY = /^(asks|answers)\.([a-z]+)=([0-9a-f]{64})$/;

/** @throws Error when the text is not as it was printed; it does not say what was there */
export function readRequestKeys(text: string): RequestKeys {
  const keys = { asks: new Map<string, KeyObject>(), answers: new Map<string, KeyObject>() };
  for (const entry of text.split(',').filter((part) => part !== '')) {
    const [, use, service, hex] = ENTRY.exec(entry) ?? [];
    if (!use || !service || !hex || !(serviceNames as readonly string[]).includes(service)) {
      throw new Error('must be entries like asks.payments=<64 hex digits>, separated by commas');
    }
    keys[use as keyof typeof keys].set(service, createSecretKey(Buffer.from(hex, 'hex')));
  }
  return keys;
}
