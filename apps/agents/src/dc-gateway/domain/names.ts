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
