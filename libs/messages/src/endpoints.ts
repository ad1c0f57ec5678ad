import * as accounts from './accounts.ts';
import * as polling from './agents/polling.ts';
import * as agents from './agents.ts';
import * as contracts from './contracts.ts';
import * as gateway from './gateway.ts';
import * as notifications from './notifications.ts';
import * as offerings from './offerings.ts';
import * as payments from './payments.ts';
import { type EndpointDeclaration, isEndpoint } from './wire/endpoint.ts';

const services = [accounts, offerings, contracts, payments, notifications, agents, polling, gateway];

/**
 * Puts the endpoints of modules under their const names.
 * @throws Error when a name, a subject or a method with its path (aliases included) is there twice.
 */
export function collectEndpoints(
  modules: readonly Record<string, unknown>[],
): Readonly<Record<string, EndpointDeclaration>> {
  const endpoints: Record<string, EndpointDeclaration> = {};
  const seen = new Set<string>();
  const claim = (what: string): void => {
    if (seen.has(what)) throw new Error(`declared twice: ${what}`);
    seen.add(what);
  };
  for (const module of modules) {
    for (const [name, value] of Object.entries(module)) {
      if (!isEndpoint(value)) continue;
      claim(`name ${name}`);
      claim(`subject ${value.subject}`);
      for (const path of [value.path, ...(value.aliases ?? [])]) {
        claim(`${value.method} ${path.replaceAll(/\{[^}]*\}/g, '{}')}`);
      }
      endpoints[name] = value;
    }
  }
  return endpoints;
}

/** Every endpoint of the platform by its const name. Only gateway and documents need all of them: others import those of one service. */
export const allEndpoints = collectEndpoints(services);
