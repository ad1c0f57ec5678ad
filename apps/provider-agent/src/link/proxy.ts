import http from 'node:http';
import { ConfigError } from '../config/config-error.ts';

/** A proxy that connections which are secured go through, and the hosts that are reached without it. */
export interface Proxy {
  /** With user and password where it wants them: for nobody's eyes. */
  readonly url: string;
  /** As people may see it. */
  readonly origin: string;
  /** Names with what is below them (`.example.org`), `host:port`, or `*`, between commas. */
  readonly exceptions: string;
}

/** `HTTPS_PROXY` and `NO_PROXY`, or the same in small letters, which go first. @throws ConfigError that shows no value */
export function proxyOf(env: NodeJS.ProcessEnv): Proxy | undefined {
  const name = env.https_proxy ? 'https_proxy' : 'HTTPS_PROXY';
  const text = env[name]?.trim();
  if (!text) return undefined;
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (!url || !/^https?:$/.test(url.protocol) || !isReadable(url)) {
    throw new ConfigError([
      `${name} is no address of an HTTP proxy: http://host:port, or http://user:password@host:port with %-codes for special characters`,
    ]);
  }
  return { url: url.href, origin: url.origin, exceptions: env.no_proxy || env.NO_PROXY || '' };
}

function isReadable({ hostname, username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password);
    return hostname !== '';
  } catch (error) {
    if (error instanceof URIError) return false;
    throw error;
  }
}

let current: Proxy | undefined;

/**
 * Sends https:// and wss:// of this process through the proxy of the environment; all else goes straight.
 * @returns takes it back @throws ConfigError
 */
export function useProxyOf(env: NodeJS.ProcessEnv): () => void {
  const proxy = proxyOf(env);
  if (!proxy) return () => undefined;
  // Older ones have no such export, so it is not imported by name.
  if (typeof http.setGlobalProxyFromEnv !== 'function') {
    throw new ConfigError([`HTTPS_PROXY needs Node 24.14 or newer; this is ${process.versions.node}`]);
  }
  // An empty `http_proxy`: absent, the one of the process would count.
  const restore = http.setGlobalProxyFromEnv({
    https_proxy: proxy.url,
    http_proxy: '',
    no_proxy: proxy.exceptions,
  });
  current = proxy;
  return () => {
    current = undefined;
    restore();
  };
}

/** The one that this process uses. */
export const currentProxy = (): Proxy | undefined => current;
