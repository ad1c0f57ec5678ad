import type { ProvisionerType } from '@decent-cloud/messages/words';
import type { BackendDeclaration } from './declaration.ts';
import { digitalocean } from './digitalocean/declaration.ts';
import { docker } from './docker/declaration.ts';
import { hetzner } from './hetzner/declaration.ts';
import { local } from './local/declaration.ts';
import { manual } from './manual/declaration.ts';
import { proxmox } from './proxmox/declaration.ts';
import { script } from './script/declaration.ts';
import { vultr } from './vultr/declaration.ts';

/** Every backend that a configuration file may name: the only list of them. */
export const BACKENDS = {
  local,
  proxmox,
  script,
  manual,
  docker,
  digitalocean,
  hetzner,
  vultr,
} as const satisfies Partial<Record<ProvisionerType, BackendDeclaration>>;
export type BackendType = keyof typeof BACKENDS;

export const BACKEND_TYPES = Object.keys(BACKENDS) as BackendType[];

/** Undefined: the agent has no such backend. */
export function declarationOf(type: string): BackendDeclaration | undefined {
  return Object.hasOwn(BACKENDS, type) ? BACKENDS[type as BackendType] : undefined;
}

/** Are its machines reached at ports of this host, of a range that can be set? */
export const takesPorts = (type: string): boolean =>
  'port_range_start' in (declarationOf(type)?.table.shape ?? {});

/** Those that take ports of this host, for people to read. */
export const typesWithPorts = (word: 'and' | 'or'): string =>
  BACKEND_TYPES.filter(takesPorts).join(` ${word} `);

/** The names of all keys that hold a secret, in whatever table. */
export const SECRET_KEYS: ReadonlySet<string> = new Set(
  BACKEND_TYPES.flatMap((type) => declarationOf(type)?.secrets ?? []),
);
