import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from '../src/agent/agent.ts';
import type { ProvisionedMachine, ProvisionOptions } from '../src/backends/backend.ts';
import { LocalBackend, type LocalBackendOptions } from '../src/backends/local/local-backend.ts';
import { clientOf, keysOf } from '../src/cli/open-config.ts';
import { loadConfig } from '../src/config/load-config.ts';
import { createLogger } from '../src/log.ts';

/** Stands still before or after the machine is made, for as long as the file is there. */
class PausingBackend extends LocalBackend {
  private readonly at: string | undefined;
  private readonly file: string;

  constructor(options: LocalBackendOptions, at: string | undefined, file: string) {
    super(options);
    this.at = at;
    this.file = file;
  }

  override async provision(options: ProvisionOptions): Promise<ProvisionedMachine> {
    if (this.at === 'before') await this.pause();
    const made = await super.provision(options);
    if (this.at === 'after') await this.pause();
    return made;
  }

  private async pause(): Promise<void> {
    process.stdout.write('paused\n');
    while (existsSync(this.file)) await sleep(20);
  }
}

const [configPath = '', pauseFile = ''] = process.argv.slice(2);
const config = await loadConfig(configPath);
const keys = keysOf(config);
const agent = await Agent.start({
  keys,
  client: clientOf(config, keys),
  backend: new PausingBackend(
    {
      folder: `${config.dataDir}/machines`,
      portRangeStart: Number(config.provisioner.settings.port_range_start),
      portRangeEnd: Number(config.provisioner.settings.port_range_end),
      maxMachines: 10,
      onFault: (error) => process.stdout.write(`${error}\n`),
    },
    process.env.PAUSE_AT,
    pauseFile,
  ),
  logger: createLogger('text', 'debug'),
  environment: 'test',
  dataDir: config.dataDir,
  journalPath: config.journalPath,
  maxParallelProvisions: 4,
  platformPublicKey: config.api.platform_public_key,
  natsUrls: [],
  onFatal: (error) => {
    throw error;
  },
});
process.once('SIGTERM', () => void agent.stop());
