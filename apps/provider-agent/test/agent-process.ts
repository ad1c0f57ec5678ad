import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProvisionedMachine, ProvisionOptions } from '../src/backends/backend.ts';
import { LocalBackend } from '../src/backends/local/local-backend.ts';
import type { LocalBackendOptions } from '../src/backends/local/options.ts';
import { exitCodeOf } from '../src/cli/exit-codes.ts';
import { run } from '../src/cli/run.ts';

interface Pause {
  readonly at: string | undefined;
  /** Creations that do not stand still. */
  readonly passes: number;
  /** The creation cannot be called off. */
  readonly isDeaf: boolean;
}

/** `dc-agent run` with creations that stand still before or after the machine is made, as long as the file is there. */
class PausingBackend extends LocalBackend {
  private readonly pause: Pause;
  private readonly file: string;
  private begun = 0;

  constructor(options: LocalBackendOptions, pause: Pause, file: string) {
    super(options);
    this.pause = pause;
    this.file = file;
  }

  override async provision(options: ProvisionOptions): Promise<ProvisionedMachine> {
    const stands = this.begun++ >= this.pause.passes;
    if (stands && this.pause.at === 'before') await this.stand(options.signal);
    const made = await super.provision(options);
    if (stands && this.pause.at === 'after') await this.stand(options.signal);
    return made;
  }

  private async stand(signal: AbortSignal): Promise<void> {
    process.stdout.write('paused\n');
    while (existsSync(this.file)) {
      await sleep(20);
      if (!this.pause.isDeaf) signal.throwIfAborted();
    }
  }
}

const { PAUSE_AT: at, PAUSE_PASSES: passes = '0', PAUSE_DEAF } = process.env;
const [configPath = '', pauseFile = ''] = process.argv.slice(2);
try {
  await run(configPath, async (config) => {
    const { settings } = config.provisioner;
    return new PausingBackend(
      {
        folder: join(config.dataDir, 'machines'),
        portRangeStart: Number(settings.port_range_start),
        portRangeEnd: Number(settings.port_range_end),
        maxMachines: Number(settings.max_machines),
        onFault: (error) => process.stdout.write(`${error}\n`),
      },
      { at, passes: Number(passes), isDeaf: PAUSE_DEAF !== undefined },
      pauseFile,
    );
  });
} catch (error) {
  process.stderr.write(`${error}\n`);
  process.exitCode = exitCodeOf(error);
}
