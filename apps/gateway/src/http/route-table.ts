import type { EndpointDeclaration } from '@decent-cloud/messages';

interface Pattern {
  readonly segments: readonly (string | undefined)[];
  readonly method: string;
}

/** `/a/{b}` as Fastify writes it: `/a/:b`. */
export const fastifyPath = (path: string): string => path.replaceAll(/\{([^}]*)\}/g, ':$1');

/** Which methods a path has: for 405 with `Allow`, which a router that only finds routes cannot say. */
export class RouteTable {
  private readonly patterns: Pattern[] = [];

  constructor(
    endpoints: readonly EndpointDeclaration[],
    extra: readonly { method: string; path: string }[] = [],
  ) {
    for (const endpoint of endpoints) {
      for (const path of [endpoint.path, ...(endpoint.aliases ?? [])]) this.add(endpoint.method, path);
    }
    for (const { method, path } of extra) this.add(method, path);
  }

  /** In the order that `Allow` shows; empty when there is no such path. */
  methodsOf(path: string): string[] {
    const segments = path.split('/');
    const methods = new Set<string>();
    for (const pattern of this.patterns) {
      if (pattern.segments.length !== segments.length) continue;
      const fits = pattern.segments.every((segment, index) =>
        segment === undefined ? segments[index] !== '' : segment === segments[index],
      );
      if (fits) methods.add(pattern.method);
    }
    if (methods.has('GET')) methods.add('HEAD');
    if (methods.size > 0) methods.add('OPTIONS');
    return [...methods].sort();
  }

  private add(method: string, path: string): void {
    const segments = path.split('/').map((segment) => (segment.startsWith('{') ? undefined : segment));
    this.patterns.push({ method, segments });
  }
}
