/** Under what the names of all gateways are: `<prefix>.<domain>`. */
export interface GatewayZone {
  readonly prefix: string;
  readonly domain: string;
}

/** Where a machine behind a gateway is found. */
export const machineName = ({ prefix, domain }: GatewayZone, dcId: string, slug: string): string =>
  `${slug}.${dcId}.${prefix}.${domain}`;

/** Where a certificate authority looks for what the owner of all names of a gateway has put there. */
export const challengeName = ({ prefix, domain }: GatewayZone, dcId: string): string =>
  `_acme-challenge.${dcId}.${prefix}.${domain}`;

/** Which name a machine's agent says that it has; undefined when it says none that could be ours. */
export function placeOf(machine: {
  readonly gatewaySlug?: string | undefined;
  readonly gatewaySubdomain?: string | undefined;
}): { readonly dcId: string; readonly slug: string } | undefined {
  const [, slug, dcId] = /^([a-z0-9]{6})\.([a-z0-9-]{2,20})\./.exec(machine.gatewaySubdomain ?? '') ?? [];
  if (slug === undefined || dcId === undefined || slug !== machine.gatewaySlug) return undefined;
  return { dcId, slug };
}
