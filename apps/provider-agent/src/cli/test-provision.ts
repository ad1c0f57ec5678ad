import ssh2 from 'ssh2';
import type { Backend } from '../backends/backend.ts';
import { newSshKey } from '../backends/ssh-key.ts';
import type { AgentConfig } from '../config/load-config.ts';
import { loadConfig } from '../config/load-config.ts';
import type { MachineInstance, MachineMarks } from '../domain/machine.ts';
import { createLogger, logLevel } from '../log.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { keysOf, openBackend } from './open-config.ts';

export interface TestProvisionOptions {
  readonly sshPubkey?: string;
  readonly keep?: boolean;
  readonly contractId?: string;
}

const PROVISION_DEADLINE_MS = 15 * 60_000;
const SSH_TIMEOUT_MS = 20_000;

/** Makes a small machine, signs in, and removes it again. */
export async function testProvision(configPath: string, options: TestProvisionOptions): Promise<void> {
  const config = await loadConfig(configPath);
  const backend = await openBackend(
    config,
    createLogger(config.logFormat, logLevel(process.env), process.stderr),
  );
  const contractId = options.contractId ?? `test-${Math.floor(Date.now() / 1_000)}`;
  if (!/^[A-Za-z0-9-]{1,128}$/.test(contractId)) {
    throw new CommandError(EXIT.usage, '--contract-id: 1 to 128 letters, digits and -');
  }
  await tryOut(backend, config, {
    contractId,
    ...(options.sshPubkey && { sshPublicKey: options.sshPubkey }),
    keep: options.keep === true,
    say: (line) => console.log(line),
  });
}

export interface TryOut {
  readonly contractId: string;
  readonly sshPublicKey?: string;
  readonly keep: boolean;
  readonly say: (line: string) => void;
}

/** @throws when a step of it does not succeed; the machine is removed then too */
export async function tryOut(backend: Backend, config: AgentConfig, options: TryOut): Promise<void> {
  const { contractId, say } = options;
  const key = newSshKey('dc-agent test');
  const marks: MachineMarks = {
    contractId,
    generation: 1,
    environment: config.environment,
    agent: keysOf(config).publicKeyHex.slice(0, 16),
  };
  if (await backend.find(contractId)) {
    throw new CommandError(
      EXIT.usage,
      `there is a machine of ${contractId} already: give another --contract-id`,
    );
  }
  let keep = options.keep;
  try {
    const { instance } = await backend.provision({
      spec: {
        offeringId: 'test-offering',
        cpuCores: 1,
        memoryMb: 1_024,
        storageGb: 10,
        sshPublicKeys: [key.public, ...(options.sshPublicKey ? [options.sshPublicKey] : [])],
      },
      marks,
      signal: AbortSignal.timeout(PROVISION_DEADLINE_MS),
      onStep: (step) => say(`step: ${step}`),
    });
    for (const [name, value] of Object.entries(instance)) say(`${name}: ${value}`);
    say(`signed in: ${(await signIn(instance, key.private)).trim()}`);
  } catch (error) {
    keep = false;
    throw error;
  } finally {
    const found = await backend.find(contractId);
    if (found && !keep) {
      await backend.terminate(found.externalId);
      say(`removed: ${found.externalId}`);
    } else if (found) say(`kept: ${found.externalId}; the running agent serves it after its next start`);
    await backend.close();
  }
}

function signIn(instance: MachineInstance, privateKey: string): Promise<string> {
  const client = new ssh2.Client();
  return new Promise<string>((resolve, reject) => {
    client.once('error', reject);
    client.once('ready', () =>
      client.exec('uname -sr', (error, channel) => {
        if (error) {
          reject(error);
          return;
        }
        let output = '';
        channel.on('data', (chunk: Buffer) => {
          output += chunk.toString();
        });
        channel.on('close', (code: number) =>
          code === 0 ? resolve(output) : reject(new Error(`the test command ended with ${code}`)),
        );
      }),
    );
    client.connect({
      host: instance.ipAddress ?? instance.publicIp ?? '127.0.0.1',
      port: instance.sshPort,
      username: instance.sshUser,
      privateKey,
      readyTimeout: SSH_TIMEOUT_MS,
    });
  }).finally(() => client.end());
}
