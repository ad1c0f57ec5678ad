import { readFile } from 'node:fs/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { rootCauseOf } from '@decent-cloud/client';

const LONGEST_MS = 3_000;

/** WebSockets take no certificates of their own: what the file has is trusted by this process, beside the known ones. */
export async function trustAlso(caFile: string): Promise<void> {
  const known = getCACertificates('default');
  const more = await readFile(caFile, 'utf8');
  if (!known.includes(more)) setDefaultCACertificates([...known, more]);
}

/** Why there is no secure connection, which WebSockets do not tell; undefined: there is one. Goes the same way, proxy included. */
export async function secureFaultOf(url: string): Promise<string | undefined> {
  const signal = AbortSignal.timeout(LONGEST_MS);
  try {
    const answer = await fetch(url.replace(/^wss:/, 'https:'), { redirect: 'manual', signal });
    await answer.body?.cancel();
    return undefined;
  } catch (error) {
    if (signal.aborted) return 'no answer in time';
    const { code, message } = rootCauseOf(error);
    return message || String(code);
  }
}
