const LOCAL = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/;
const DEFAULT_PORTS: Record<string, string> = { 'http:': '80', 'https:': '443' };

/** Which Host headers a version 2 signature may name: a signature for one platform must not be of use at another. */
export class AllowedHosts {
  private readonly names = new Set<string>();

  constructor(
    publicUrl: string | undefined,
    hosts: readonly string[],
    private readonly anyLocalhost: boolean,
  ) {
    for (const host of hosts) this.names.add(host.toLowerCase());
    if (publicUrl === undefined) return;
    const url = new URL(publicUrl);
    this.names.add(url.host);
    // Clients write the port of the scheme or leave it out.
    if (url.port === '') this.names.add(`${url.hostname}:${DEFAULT_PORTS[url.protocol]}`);
  }

  has(host: string | undefined): boolean {
    if (host === undefined) return false;
    const name = host.toLowerCase();
    return this.names.has(name) || (this.anyLocalhost && LOCAL.test(name));
  }
}
