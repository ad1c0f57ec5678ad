import { createClient } from '@decent-cloud/client';
import { createSigner, keyPairFromSeed } from '@decent-cloud/identity';
import type { Clock } from '@decent-cloud/kernel';
import { Agent } from '../src/agent/agent.ts';
import type { Backend } from '../src/backends/backend.ts';
import { createLogger } from '../src/log.ts';
import type { FakePlatform } from './fake-platform.ts';
import type { AgentSite } from './program.ts';

/** The agent inside the spec, with a backend of the spec's own. */
export function startInProcess(
  platform: FakePlatform,
  site: AgentSite,
  backend: Backend,
  options: { readonly maxParallelProvisions?: number; readonly logs?: string[]; readonly now?: Clock } = {},
): Promise<Agent> {
  const keys = keyPairFromSeed(site.known.agent.rawSeed);
  return Agent.start({
    keys,
    client: createClient({ baseUrl: platform.url, signer: createSigner(keys, { agent: true }) }),
    backend,
    logger: createLogger('json', 'debug', { write: (line) => void options.logs?.push(line) }),
    environment: 'test',
    dataDir: site.dataDir,
    journalPath: site.journalPath,
    maxParallelProvisions: options.maxParallelProvisions ?? 2,
    platformPublicKey: undefined,
    natsUrls: [],
    finishSeconds: 1,
    ...(options.now && { now: options.now }),
    onFatal: (error) => void options.logs?.push(`FATAL ${error}`),
  });
}
