import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Client, createClient } from '@decent-cloud/client';
import { createSigner, keyPairFromSeed } from '@decent-cloud/identity';
import type { Platform } from './platform.ts';

/** The API as the demo's provider uses it. */
export async function demoProvider(platform: Platform): Promise<Client> {
  const seed = (await readFile(join(platform.dataDir, 'demo/provider.key'), 'utf8')).trim();
  return createClient({ baseUrl: platform.apiUrl, signer: createSigner(keyPairFromSeed(seed)) });
}
