import * as accounts from './accounts.ts';
import * as agentPolling from './agent-polling.ts';
import * as agents from './agents.ts';
import * as contracts from './contracts.ts';
import * as dcGateway from './dc-gateway.ts';
import { type EndpointDeclaration, isEndpoint } from './endpoint.ts';
import * as machineHealth from './machine-health.ts';
import * as notifications from './notifications.ts';
import * as offerings from './offerings.ts';
import * as payments from './payments.ts';
import * as platform from './platform.ts';

const nouns = [
  accounts,
  offerings,
  contracts,
  payments,
  notifications,
  agents,
  agentPolling,
  dcGateway,
  machineHealth,
  platform,
];

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

/** Every endpoint of the platform by its const name. Only gateway and documents need all of them: others import a noun. */
export const allEndpoints = collectEndpoints(nouns);
