import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { getCACertificates, setDefaultCACertificates, connect as tlsConnect } from 'node:tls';

const LONGEST_MS = 3_000;

/** WebSockets take no certificates of their own: what the file has is trusted by this process, beside the known ones. */
export async function trustAlso(caFile: string): Promise<void> {
  const known = getCACertificates('default');
  const more = await readFile(caFile, 'utf8');
  if (!known.includes(more)) setDefaultCACertificates([...known, more]);
}

/** Why there is no secure connection, which WebSockets do not tell; undefined: there is one. */
export function secureFaultOf(url: string): Promise<string | undefined> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const servername = isIP(host) === 0 ? host : undefined;
    const socket = tlsConnect({ host, port: Number(port || 443), ...(servername && { servername }) });
    const end = (fault: string | undefined) => {
      socket.destroy();
      resolve(fault);
    };
    socket.setTimeout(LONGEST_MS, () => end('no answer in time'));
    socket.once('error', (error) => end(error.message));
    socket.once('secureConnect', () => end(undefined));
  });
}
