import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allEndpoints } from '../endpoints.ts';
import * as requests from '../requests.ts';
import { serviceNames } from '../services.ts';
import type { RequestDeclaration } from '../wire/endpoint.ts';
import { askersOf, askersOfService, mayAsk, servicesAskedBy } from './askers.ts';

const apps = join(import.meta.dirname, '../../../../apps');
const declared: Readonly<Record<string, RequestDeclaration>> = { ...requests, ...allEndpoints };

function sourcesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.ts$/.test(entry.name) && !/\.spec\.ts$/.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
}

/** `bus.ask(requests.holdStock, …`, `bus.ask(resolveKey, …`, and lists of what is asked alike. */
const ASKED = /\.ask\(\s*(?:requests\.)?(\w+)|^\s*requests\.(\w+),$/gm;
const askedIn = (service: string): Set<string> =>
  new Set(
    sourcesIn(join(apps, service, 'src')).flatMap((text) =>
      [...text.matchAll(ASKED)].map(([, name, listed]) => name ?? listed ?? ''),
    ),
  );

describe.each(serviceNames)('%s', (service) => {
  const asked = [...askedIn(service)].filter((name) => name in declared);

  test('asks nothing that its declaration does not allow it', () => {
    const undeclared = asked.filter(
      (name) => !askersOf(declared[name] as RequestDeclaration).includes(service),
    );
    expect(undeclared).toEqual([]);
  });

  test('is allowed nothing that it does not ask', () => {
    const allowed = Object.entries(requests)
      .filter(([, declaration]) => askersOf(declaration).includes(service))
      .map(([name]) => name);
    expect(allowed.filter((name) => !asked.includes(name))).toEqual([]);
  });
});

test('the code is found: every request between services is asked by somebody', () => {
  const all = new Set(serviceNames.flatMap((service) => [...askedIn(service)]));
  expect(Object.keys(requests).filter((name) => !all.has(name))).toEqual([]);
});

test('who asks whom', () => {
  expect(servicesAskedBy('gateway')).toEqual(serviceNames.filter((name) => name !== 'gateway'));
  expect(servicesAskedBy('notifications')).toEqual([]);
  expect(servicesAskedBy('payments')).toEqual(['accounts']);
  expect(askersOfService('payments')).toEqual(['gateway', 'accounts', 'contracts']);
  expect(askersOfService('notifications')).toEqual(['gateway', 'accounts']);
});

describe('in whose name', () => {
  const user = { kind: 'user', publicKey: 'ab' } as const;
  const endpoint = Object.values(allEndpoints)[0] as RequestDeclaration;

  test('only the gateway speaks for others, and only through endpoints', () => {
    expect(mayAsk('gateway', endpoint, user)).toBe(true);
    expect(mayAsk('gateway', endpoint, { kind: 'anonymous' })).toBe(true);
    expect(mayAsk('gateway', requests.resolveKey, user)).toBe(false);
    for (const name of serviceNames.filter((service) => service !== 'gateway')) {
      expect(mayAsk(name, endpoint, user)).toBe(false);
      expect(mayAsk(name, requests.chargeRental, user)).toBe(false);
    }
  });

  test('a service has its own name, and asks what it is declared for', () => {
    const named = (name: string) => ({ kind: 'service', name }) as const;
    expect(mayAsk('contracts', requests.chargeRental, named('contracts'))).toBe(true);
    expect(mayAsk('contracts', requests.chargeRental, named('gateway'))).toBe(false);
    expect(mayAsk('notifications', requests.chargeRental, named('contracts'))).toBe(false);
    expect(mayAsk('notifications', requests.chargeRental, named('notifications'))).toBe(false);
    expect(mayAsk('gateway', requests.chargeRental, named('gateway'))).toBe(false);
  });
});
