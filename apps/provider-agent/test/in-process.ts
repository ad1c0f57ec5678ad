import { createClient } from '@decent-cloud/client';
import { createSigner, keyPairFromSeed } from '@decent-cloud/identity';
import type { Clock } from '@decent-cloud/kernel';
import { Agent } from '../src/agent/agent.ts';
import type { Backend, ProvisionedMachine, ProvisionOptions } from '../src/backends/backend.ts';
import { LocalBackend } from '../src/backends/local/local-backend.ts';
import { createLogger } from '../src/log.ts';
import type { FakePlatform } from './fake-platform.ts';
import type { AgentSite } from './program.ts';

export interface InProcessOptions {
  readonly maxParallelProvisions?: number;
  readonly platformPublicKey?: string;
  readonly logs?: string[];
  readonly now?: Clock;
}

/** The agent inside the spec, with a backend of the spec's own. */
export function startInProcess(
  platform: FakePlatform,
  site: AgentSite,
  backend: Backend,
  options: InProcessOptions = {},
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
    platformPublicKey: options.platformPublicKey,
    natsUrls: [],
    finishSeconds: 1,
    ...(options.now && { now: options.now }),
    onFatal: (error) => void options.logs?.push(`FATAL ${error}`),
  });
}

/** Local machines whose making waits while it is held. */
export class HeldBackend extends LocalBackend {
  entered = 0;
  private held: Promise<void> | undefined;

  /** @returns what lets go */
  hold(): () => void {
    let release: () => void = () => undefined;
    this.held = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  override async provision(options: ProvisionOptions): Promise<ProvisionedMachine> {
    this.entered++;
    await this.held;
    return super.provision(options);
  }
}

/** Agents inside of a spec, which all end with it. */
export class InProcessAgents {
  private readonly running: Agent[] = [];

  constructor(private readonly platform: () => FakePlatform) {}

  async start(site: AgentSite, { backend, ...options }: InProcessOptions & { backend?: HeldBackend } = {}) {
    const logs: string[] = [];
    const own =
      backend ??
      new HeldBackend({ ...site.backendOptions, onFault: (error) => void logs.push(String(error)) });
    const agent = await startInProcess(this.platform(), site, own, { logs, ...options });
    this.running.push(agent);
    return { agent, backend: own, logs };
  }

  async stop(): Promise<void> {
    await Promise.all(this.running.splice(0).map((agent) => agent.stop()));
  }
}
