import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import Docker from 'dockerode';
import type { ProvisionedMachine } from '../src/backends/backend.ts';
import { DockerBackend } from '../src/backends/docker/docker-backend.ts';
import type { DockerBackendOptions } from '../src/backends/docker/settings.ts';
import type { MachineMarks, MachineSpec } from '../src/domain/machine.ts';
import { marksAt } from './backend-subject.ts';
import { backendSuite } from './backend-suite.ts';
import { newSshKey, type SshKey, ssh } from './ssh.ts';

jest.setTimeout(120_000);

const IMAGE = 'dc-test-ssh:1';
const SOCKET = process.env.DC_TEST_DOCKER_SOCKET ?? '/var/run/docker.sock';
const newAgent = () => randomBytes(8).toString('hex');
const AGENT = newAgent();
const PORTS_EACH = 20;

/** Asked once, before the specs are named: an engine with the image is not on every machine. */
function hasEngine(): boolean {
  if (process.env.DC_TEST_DOCKER_REQUIRED === '1') return true;
  if (!existsSync(SOCKET)) return false;
  try {
    execFileSync('docker', ['-H', `unix://${SOCKET}`, 'image', 'inspect', IMAGE], {
      stdio: 'ignore',
      timeout: 5_000,
    });
    return true;
  } catch {
    return false;
  }
}
const withEngine = hasEngine() ? describe : describe.skip;

withEngine('machines of a real Docker engine (npm run test:docker)', () => {
  const docker = new Docker({ socketPath: SOCKET });
  let folder: string;
  let tenant: SshKey;
  let other: SshKey;
  let backend: DockerBackend;
  const firstPort = 34_000 + (process.pid % 50) * 200;
  let places = 0;

  const newBackend = (changes: Partial<DockerBackendOptions> = {}): DockerBackend =>
    new DockerBackend({
      socketPath: SOCKET,
      network: process.env.DC_TEST_DOCKER_NETWORK ?? 'bridge',
      defaultImage: IMAGE,
      pullImages: false,
      sshPort: 22,
      publishAddress: '127.0.0.1',
      publicAddress: '127.0.0.1',
      portRangeStart: firstPort,
      portRangeEnd: firstPort + PORTS_EACH - 1,
      maxMachines: 20,
      pidsLimit: 200,
      scriptSeconds: 60,
      environment: 'test',
      agent: AGENT,
      ...changes,
    });
  const marks = (): MachineMarks => marksAt({ own: { environment: 'test', agent: AGENT } });
  const provision = (
    own: MachineMarks,
    spec: Partial<MachineSpec> = {},
    from = backend,
    steps: string[] = [],
  ): Promise<ProvisionedMachine> =>
    from.provision({
      spec: { offeringId: 'small', cpuCores: 1, memoryMb: 128, sshPublicKeys: [tenant.publicKey], ...spec },
      marks: own,
      signal: AbortSignal.timeout(100_000),
      onStep: (step) => steps.push(step),
    });
  const output = async (
    { instance: { sshPort: port } }: ProvisionedMachine,
    key: SshKey,
    command: string,
  ) => {
    const { code, stdout, stderr } = await ssh({ port, key, user: 'root' }, command);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout.toString();
  };
  const ours = () => docker.listContainers({ all: true, filters: { label: [`dc-agent-key=${AGENT}`] } });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dc-docker-spec-'));
    tenant = await newSshKey(folder, 'tenant');
    other = await newSshKey(folder, 'other');
    backend = newBackend();
    await backend.start();
  });

  afterAll(async () => {
    for (const { Id } of await ours()) await docker.getContainer(Id).remove({ force: true });
    await rm(folder, { recursive: true, force: true });
  });

  test('verify finds all that is needed, and names what is not there', async () => {
    const findings = await backend.verify();
    expect(findings.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(findings.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['engine', 'image', 'network', 'ports']),
    );
    const failed = async (changes: Partial<DockerBackendOptions>) =>
      (await newBackend(changes).verify()).filter(({ status }) => status === 'fail').map(({ id }) => id);
    expect(await failed({ defaultImage: 'dc-no-such:1' })).toEqual(['image']);
    expect(await failed({ network: 'dc-no-such' })).toEqual(['network']);
    expect(await failed({ socketPath: join(folder, 'no.sock') })).toEqual(['engine']);
    expect(await failed({ publishAddress: '192.0.2.77' })).toEqual(['ports']);
  });

  describe('what every backend promises', () => {
    backendSuite({
      type: 'docker',
      user: 'root',
      atOnce: 5,
      spec: { cpuCores: 1, memoryMb: 128 },
      newPlace: async () => {
        const agent = newAgent();
        const portRangeStart = firstPort + ++places * PORTS_EACH;
        return {
          own: { environment: 'test', agent },
          firstPort: portRangeStart,
          open: async ({ maxMachines = 20, ports = PORTS_EACH } = {}) => {
            const portRangeEnd = portRangeStart + ports - 1;
            const opened = newBackend({ agent, maxMachines, portRangeStart, portRangeEnd });
            await opened.start();
            return opened;
          },
        };
      },
    });
  });

  test("a container carries the limits, the marks and exactly the tenant's keys, and is gone by a read", async () => {
    const own = marks();
    const steps: string[] = [];
    const machine = await provision(own, { cpuCores: 1, memoryMb: 192 }, backend, steps);
    const { externalId } = machine.instance;
    expect(steps).toEqual(['find', 'image', 'create', 'ssh']);
    expect(machine.instance).toMatchObject({ publicIp: '127.0.0.1' });
    const name = `dc-${own.contractId.slice(0, 32)}-g1`;
    const [uid, hostname, ...environment] = (await output(machine, tenant, 'id -u; hostname; env')).split(
      '\n',
    );
    expect([uid, hostname]).toEqual(['0', name]);
    expect(environment.join('\n')).not.toContain('SSH_PUBLIC_KEY');
    const { HostConfig, Config, Name } = await docker.getContainer(externalId).inspect();
    expect(Name).toBe(`/${name}`);
    expect(HostConfig).toMatchObject({
      NanoCpus: 1_000_000_000,
      Memory: 192 * 1024 ** 2,
      MemorySwap: 192 * 1024 ** 2,
      PidsLimit: 200,
      Privileged: false,
      SecurityOpt: ['no-new-privileges:true'],
      CapDrop: ['ALL'],
      RestartPolicy: { Name: 'unless-stopped' },
    });
    expect(Config.Labels).toMatchObject({
      'dc-agent': 'true',
      'dc-contract-id': own.contractId,
      'dc-env': 'test',
      'dc-agent-key': AGENT,
      'dc-gen': '1',
    });
    expect(await output(machine, tenant, 'grep NoNewPrivs /proc/self/status')).toMatch(/\t1\n$/);
    await backend.setAuthorizedKeys(externalId, [other.publicKey]);
    expect(await output(machine, other, 'cat /root/.ssh/authorized_keys')).toBe(`${other.publicKey}\n`);
    await expect(backend.setPassword(externalId, 'a\nroot:b')).rejects.toMatchObject({
      failure: { code: 'BAD_PASSWORD' },
    });
    expect(await ours()).toHaveLength(1);
    await backend.terminate(externalId);
    await expect(docker.getContainer(externalId).inspect()).rejects.toMatchObject({ statusCode: 404 });
  });

  test('a script that takes too long is ended with all that it has started', async () => {
    const machine = await provision(
      marks(),
      { postProvisionScript: 'echo begun; sleep 4321 & sleep 4321' },
      newBackend({ scriptSeconds: 2 }),
    );
    expect(machine.script).toEqual({ success: false, exitCode: -1, log: 'begun\n' });
    const running = await docker.getContainer(machine.instance.externalId).top();
    expect(JSON.stringify(running.Processes)).toContain('sshd');
    expect(JSON.stringify(running.Processes)).not.toContain('sleep 4321');
    await backend.terminate(machine.instance.externalId);
  });

  test('what cannot be made says why, and of which kind that is', async () => {
    const failing = (spec: Partial<MachineSpec>, from = backend) =>
      provision(marks(), spec, from).then(
        () => undefined,
        (error: unknown) => error,
      );
    const failure = (failureClass: string, code: string) => ({ failure: { class: failureClass, code } });
    expect(await failing({}, newBackend({ defaultImage: 'dc-no-such:1' }))).toMatchObject(
      failure('config', 'IMAGE_ABSENT'),
    );
    expect(await failing({ provisionerConfig: '{"image":"dc-other:1"}' })).toMatchObject(
      failure('config', 'IMAGE_ABSENT'),
    );
    expect(await failing({ provisionerConfig: 'image: x' })).toMatchObject(
      failure('config', 'BAD_PROVISIONER_CONFIG'),
    );
    expect(await failing({ cpuCores: 4_000 })).toMatchObject(failure('config', 'TOO_MANY_CPUS'));
    expect(await failing({ memoryMb: 2_000_000_000 })).toMatchObject(failure('config', 'TOO_MUCH_MEMORY'));
    expect(await failing({}, newBackend({ socketPath: join(folder, 'no.sock') }))).toMatchObject(
      failure('transient', 'ENGINE_UNREACHABLE'),
    );
    expect(await ours()).toEqual([]);
  });

  test('an image without an SSH server is a matter of the settings, with its last words', async () => {
    const image = `dc-test-no-ssh:${process.pid}`;
    const emptied = await docker.createContainer({ Image: IMAGE, Cmd: ['rm', '/usr/sbin/sshd'] });
    await emptied.start();
    await emptied.wait();
    const [repo, tag] = image.split(':');
    await emptied.commit({ repo, tag });
    await emptied.remove();
    try {
      const own = marks();
      await expect(provision(own, { provisionerConfig: JSON.stringify({ image }) })).rejects.toMatchObject({
        failure: {
          class: 'config',
          code: 'SSH_DID_NOT_START',
          message: expect.stringMatching(/sshd.*not found/s),
          resourcesLeft: [{ kind: 'docker-container', id: expect.any(String) }],
        },
      });
      await backend.terminate((await backend.find(own.contractId))?.externalId as string);
    } finally {
      await docker.getImage(image).remove({ force: true });
    }
  });

  test('what a crash left half made is made anew', async () => {
    const own = marks();
    const { externalId } = (await provision(own)).instance;
    const { Config, HostConfig } = await docker.getContainer(externalId).inspect();
    await backend.terminate(externalId);
    const name = `dc-${own.contractId.slice(0, 32)}-g1`;
    const half = await docker.createContainer({ ...Config, HostConfig, name });
    const anew = await provision(own);
    expect(anew.instance.externalId).not.toBe(half.id);
    expect(await output(anew, tenant, 'echo in')).toBe('in\n');
    expect((await ours()).map(({ Id }) => Id)).toEqual([anew.instance.externalId]);
    await backend.terminate(anew.instance.externalId);
  });

  test('a name that a stranger has is no reason to touch the stranger', async () => {
    const own = marks();
    const name = `dc-${own.contractId.slice(0, 32)}-g1`;
    const stranger = await docker.createContainer({ Image: IMAGE, Cmd: ['sleep', '1000'], name });
    try {
      await expect(provision(own)).rejects.toMatchObject({
        failure: { class: 'permanent', code: 'NAME_TAKEN' },
      });
      expect((await stranger.inspect()).Name).toBe(`/${name}`);
    } finally {
      await stranger.remove({ force: true });
    }
  });

  test("containers that are nobody's machine, or another agent's, are left alone", async () => {
    const stranger = await docker.createContainer({
      Image: IMAGE,
      Cmd: ['sleep', '1000'],
      Labels: { 'dc-agent': 'true', 'dc-contract-id': 'x', 'dc-env': 'prod', 'dc-agent-key': 'a'.repeat(16) },
    });
    try {
      await expect(backend.terminate(stranger.id)).rejects.toMatchObject({
        failure: { class: 'permanent', code: 'FOREIGN_MACHINE' },
      });
      expect((await stranger.inspect()).Id).toBe(stranger.id);
      expect(await backend.list()).toEqual([]);
      const machine = await provision(marks());
      const nextAgent = newBackend({ agent: newAgent() });
      expect(await nextAgent.list()).toEqual([]);
      await expect(nextAgent.terminate(machine.instance.externalId)).rejects.toMatchObject({
        failure: { class: 'permanent', code: 'FOREIGN_MACHINE' },
      });
      await backend.terminate(machine.instance.externalId);
      expect((await backend.listOthers()).map(({ externalId }) => externalId)).toContain(stranger.id);
    } finally {
      await stranger.remove({ force: true });
    }
  });
});
