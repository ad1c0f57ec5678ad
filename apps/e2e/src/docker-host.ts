import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createPool, createSetupToken } from '@decent-cloud/messages/agents';
import { createOffering, setAutoAccept } from '@decent-cloud/messages/offerings';
import { GuardedProcess } from '@decent-cloud/testing';
import { runProgram } from './dc.ts';
import { SMALL_OFFERING } from './small-offering.ts';
import type { Tenant } from './tenant.ts';

const IMAGE = 'dc-test-ssh:1';
const SOCKET = process.env.DC_TEST_DOCKER_SOCKET ?? '/var/run/docker.sock';
const AGENT_PROGRAM = resolve(import.meta.dirname, '../../provider-agent/bundle/main.js');

const docker = (...args: string[]): string =>
  execFileSync('docker', ['-H', `unix://${SOCKET}`, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 30_000,
  }).trim();

/** Is there a Docker engine with the image of the specs? Asked once, before the specs are named. */
export function hasDockerEngine(): boolean {
  if (process.env.DC_TEST_DOCKER_REQUIRED === '1') return true;
  if (!existsSync(SOCKET)) return false;
  try {
    docker('image', 'inspect', IMAGE);
    return true;
  } catch {
    return false;
  }
}

/** A provider with an agent that makes containers, joined as any other would. */
export class DockerHost {
  private constructor(
    /** What the agent has logged. */
    readonly output: readonly string[],
    private readonly folder: string,
    private readonly agentKey: string,
    private readonly agent: GuardedProcess,
    readonly offeringId: bigint,
  ) {}

  static async start(owner: Tenant, apiUrl: string, script: string): Promise<DockerHost> {
    const api = await owner.api();
    const params = { pubkey: (await owner.keyPair()).publicKeyHex };
    await api.call(setAutoAccept, { body: { autoAcceptRentals: true } });
    const { poolId } = await api.call(createPool, {
      params,
      body: { name: 'Containers', location: 'europe', provisionerType: 'docker' },
    });
    const { token } = await api.call(createSetupToken, {
      params: { ...params, pool_id: poolId },
      body: { label: 'docker' },
    });
    const folder = await mkdtemp(join(tmpdir(), 'dc-docker-host-'));
    const config = join(folder, 'dc-agent.toml');
    const setUp = await runProgram(
      process.execPath,
      [
        ...[AGENT_PROGRAM, 'setup', 'token', '--token', token, '--api-url', apiUrl, '--output', config],
        ...['--provisioner', 'docker', '--data-dir', join(folder, 'data')],
        ...['--key-file', join(folder, 'agent.key'), '--non-interactive'],
      ],
      { PATH: process.env.PATH, HOME: folder },
    );
    if (setUp.code !== 0) throw new Error(`${setUp.stdout}${setUp.stderr}`);
    const [, agentKey = ''] = /This agent \(([0-9a-f]{64})\)/.exec(setUp.stdout) ?? [];
    await writeDockerSettings(config);
    const output: string[] = [];
    const agent = GuardedProcess.start({
      command: process.execPath,
      args: [AGENT_PROGRAM, '--config', config, 'run'],
      env: { PATH: process.env.PATH ?? '', HOME: folder },
      onLine: (line) => output.push(line),
    });
    const offeringId = await api.call(createOffering, {
      params,
      body: {
        offering_id: 'container',
        offer_name: 'Container',
        ...SMALL_OFFERING,
        stock_total: 2,
        processor_cores: 1,
        memory_amount: '512 MB',
        provisioner_type: 'docker',
        agent_pool_id: poolId,
        post_provision_script: script,
      },
    });
    return new DockerHost(output, folder, agentKey, agent, offeringId);
  }

  /** Containers of this agent, stopped ones as well. */
  containers(): string[] {
    const label = `label=dc-agent-key=${this.agentKey.slice(0, 16)}`;
    const listed = docker('ps', '-a', '--filter', label, '--format', '{{.Names}} {{.Status}}');
    return listed === '' ? [] : listed.split('\n');
  }

  async stop(): Promise<void> {
    await this.agent.end('SIGTERM', 30_000);
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function writeDockerSettings(config: string): Promise<void> {
  const port = await freePort();
  const settings = `socket_path = "${SOCKET}"
network = "${process.env.DC_TEST_DOCKER_NETWORK ?? 'bridge'}"
default_image = "${IMAGE}"
pull_images = false
publish_address = "127.0.0.1"
public_address = "127.0.0.1"
port_range_start = ${port}
port_range_end = ${port + 9}
`;
  const table = '[provisioner.docker]\n';
  const text = await readFile(config, 'utf8');
  if (text.includes(table)) await writeFile(config, text.replace(table, `${table}${settings}`));
  else await appendFile(config, `\n${table}${settings}`);
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? Math.min(address.port, 65_000) : 0));
    });
  });
}
