import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import Docker from 'dockerode';
import ssh2 from 'ssh2';
import type { ProvisionedMachine } from '../src/backends/backend.ts';
import { DockerBackend } from '../src/backends/docker/docker-backend.ts';
import type { DockerBackendOptions } from '../src/backends/docker/settings.ts';
import type { MachineMarks, MachineSpec } from '../src/domain/machine.ts';
import { newSshKey, type SshKey, ssh } from './ssh.ts';

jest.setTimeout(120_000);

const IMAGE = 'dc-test-ssh:1';
const SOCKET = process.env.DC_TEST_DOCKER_SOCKET ?? '/var/run/docker.sock';
const AGENT = randomBytes(8).toString('hex');

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
  let firstPort = 34_000 + (process.pid % 200) * 20;

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
      portRangeEnd: firstPort + 19,
      maxMachines: 20,
      pidsLimit: 200,
      scriptSeconds: 60,
      environment: 'test',
      agent: AGENT,
      ...changes,
    });
  const marks = (generation = 1, contractId = randomBytes(32).toString('hex')): MachineMarks => ({
    contractId,
    generation,
    environment: 'test',
    agent: AGENT,
  });
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
  const signIn = (machine: ProvisionedMachine, key: SshKey, command: string) =>
    ssh({ port: machine.instance.sshPort, key, user: 'root' }, command);
  const output = async (machine: ProvisionedMachine, key: SshKey, command: string) => {
    const { code, stdout, stderr } = await signIn(machine, key, command);
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

  describe('one machine through its life', () => {
    const own = marks();
    let machine: ProvisionedMachine;

    test('is made, and the tenant gets in with the real client and meets the reported host key', async () => {
      const steps: string[] = [];
      machine = await provision(own, { cpuCores: 1, memoryMb: 192 }, backend, steps);
      expect(steps).toEqual(['find', 'image', 'create', 'ssh']);
      const { instance, credential } = machine;
      expect(instance).toMatchObject({ provisionerType: 'docker', publicIp: '127.0.0.1', sshUser: 'root' });
      const knownHosts = join(folder, 'known');
      await writeFile(knownHosts, `[127.0.0.1]:${instance.sshPort} ${instance.sshHostKey}\n`);
      const answer = await ssh(
        { port: instance.sshPort, key: tenant, user: 'root', knownHosts },
        'id -u; hostname; env',
      );
      expect(answer).toMatchObject({ code: 0, stderr: '' });
      const [uid, hostname, ...environment] = answer.stdout.toString().split('\n');
      expect(uid).toBe('0');
      expect(hostname).toBe(`dc-${own.contractId.slice(0, 32)}-g1`);
      expect(environment.join('\n')).not.toContain('SSH_PUBLIC_KEY');
      expect(credential).toMatchObject({ user: 'root', host: '127.0.0.1', port: instance.sshPort });
      expect(credential.hostKeyFingerprint).toMatch(/^SHA256:/);
    });

    test('another key is refused', async () => {
      const answer = await signIn(machine, other, 'echo in');
      expect(answer).toMatchObject({ code: 255 });
      expect(answer.stdout).toHaveLength(0);
      expect(answer.stderr).toContain('Permission denied');
    });

    test('carries the limits and the marks', async () => {
      const { HostConfig, Config, Name } = await docker.getContainer(machine.instance.externalId).inspect();
      expect(Name).toBe(`/dc-${own.contractId.slice(0, 32)}-g1`);
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
    });

    test('is found again by a repeat, and never made twice', async () => {
      const again = await provision(own);
      expect(again.instance).toEqual(machine.instance);
      expect(await ours()).toHaveLength(1);
      expect(await backend.find(own.contractId)).toEqual({
        externalId: machine.instance.externalId,
        marks: own,
        power: 'running',
      });
    });

    test('is taken over by a newer generation, and then by no older one', async () => {
      const newer = { ...own, generation: 3 };
      expect((await provision(newer)).instance.externalId).toBe(machine.instance.externalId);
      expect((await backend.find(own.contractId))?.marks).toEqual(newer);
      await expect(provision({ ...own, generation: 2 })).rejects.toMatchObject({
        failure: { class: 'permanent', code: 'SUPERSEDED' },
      });
      await expect(provision({ ...newer, agent: 'f'.repeat(16) })).rejects.toMatchObject({
        failure: { class: 'permanent', code: 'FOREIGN_MACHINE' },
      });
    });

    test('gets a password, with which the tenant signs in', async () => {
      const port = machine.instance.sshPort;
      await expect(signInByPassword(port, 'Abc123secret')).rejects.toThrow('authentication');
      await backend.setPassword(machine.instance.externalId, 'Abc123secret');
      expect(await signInByPassword(port, 'Abc123secret')).toBe('root\n');
      await expect(signInByPassword(port, 'another')).rejects.toThrow('authentication');
      await expect(backend.setPassword(machine.instance.externalId, 'a\nroot:b')).rejects.toMatchObject({
        failure: { code: 'BAD_PASSWORD' },
      });
    });

    test('has its keys rotated: the old one is refused from then on', async () => {
      const { externalId } = machine.instance;
      await backend.setAuthorizedKeys(externalId, [other.publicKey]);
      expect(await output(machine, other, 'cat /root/.ssh/authorized_keys')).toBe(`${other.publicKey}\n`);
      expect((await signIn(machine, tenant, 'true')).code).toBe(255);
      await expect(
        backend.setAuthorizedKeys(externalId, ['command="x" ssh-ed25519 AAAA']),
      ).rejects.toMatchObject({ failure: { class: 'config', code: 'SSH_KEY_UNUSABLE' } });
      expect((await signIn(machine, other, 'true')).code).toBe(0);
    });

    test('stops and starts on the same port with its files, its rotated keys and its host key', async () => {
      const { externalId, sshPort, sshHostKey } = machine.instance;
      await output(machine, other, 'echo kept > /root/note');
      await backend.stop(externalId);
      await backend.stop(externalId);
      expect((await backend.list()).map(({ power }) => power)).toEqual(['stopped']);
      expect((await signIn(machine, other, 'true')).code).toBe(255);
      await backend.resume(externalId);
      await backend.resume(externalId);
      expect((await backend.list()).map(({ power }) => power)).toEqual(['running']);
      const knownHosts = join(folder, 'known-again');
      await writeFile(knownHosts, `[127.0.0.1]:${sshPort} ${sshHostKey}\n`);
      const answer = await ssh({ port: sshPort, key: other, user: 'root', knownHosts }, 'cat /root/note');
      expect(answer.stdout.toString()).toBe('kept\n');
      expect((await signIn(machine, tenant, 'true')).code).toBe(255);
    });

    test('is gone after its end, by a read, and stays gone for a repeat', async () => {
      const { externalId } = machine.instance;
      await backend.terminate(externalId);
      await expect(docker.getContainer(externalId).inspect()).rejects.toMatchObject({ statusCode: 404 });
      expect(await backend.find(own.contractId)).toBeUndefined();
      await backend.terminate(externalId);
      await expect(backend.stop(externalId)).rejects.toMatchObject({ failure: { code: 'NO_SUCH_MACHINE' } });
    });
  });

  test('the script of a command runs once as root, and its log and exit code come back', async () => {
    const own = marks();
    const postProvisionScript = `#!/bin/bash
echo "contract $DC_CONTRACT_ID"; echo oops >&2; echo run >> /root/runs; echo DC_SCRIPT_EOF; exit 3`;
    const machine = await provision(own, { postProvisionScript });
    expect(machine.script).toEqual({
      success: false,
      exitCode: 3,
      log: `contract ${own.contractId}\nDC_SCRIPT_EOF\n\n--- stderr ---\noops\n`,
    });
    expect((await provision(own, { postProvisionScript })).script).toBeUndefined();
    expect(await output(machine, tenant, 'cat /root/runs')).toBe('run\n');
    const long = await provision(own, { postProvisionScript: 'seq 100000; echo end' });
    expect(long.script).toMatchObject({ success: true, exitCode: 0 });
    expect(long.script?.log).toHaveLength(256 * 1024);
    expect(long.script?.log.endsWith('100000\nend\n')).toBe(true);
    await backend.terminate(machine.instance.externalId);
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

  test('two machines have host keys of their own, and five at once have slots and ports of their own', async () => {
    const few = newBackend({ maxMachines: 5 });
    const made = await Promise.all(Array.from({ length: 5 }, () => provision(marks(), {}, few)));
    expect(new Set(made.map(({ instance }) => instance.sshHostKey)).size).toBe(5);
    expect(new Set(made.map(({ instance }) => instance.sshPort)).size).toBe(5);
    await expect(provision(marks(), {}, few)).rejects.toMatchObject({
      failure: { class: 'capacity', code: 'NO_FREE_SLOT' },
    });
    expect(await few.list()).toHaveLength(5);
    expect(await newBackend({ agent: 'e'.repeat(16) }).list()).toEqual([]);
    await Promise.all(made.map(({ instance }) => few.terminate(instance.externalId)));
    expect(await few.list()).toEqual([]);
  });

  test('a port that somebody else has is passed over', async () => {
    firstPort += 5_000;
    const blocker: Server = createServer();
    await new Promise<void>((resolve) => blocker.listen(firstPort, '127.0.0.1', resolve));
    try {
      const machine = await provision(marks(), {}, newBackend());
      expect(machine.instance.sshPort).toBe(firstPort + 1);
      await backend.terminate(machine.instance.externalId);
      await expect(provision(marks(), {}, newBackend({ portRangeEnd: firstPort }))).rejects.toMatchObject({
        failure: { class: 'capacity', code: 'NO_FREE_PORT' },
      });
    } finally {
      blocker.close();
    }
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
    expect(await failing({ sshPublicKeys: ['ssh-ed25519 AAAA'] })).toMatchObject(
      failure('config', 'SSH_KEY_UNUSABLE'),
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

  test('what a crash left half made is made anew, what it left stopped is started, on the newest keys', async () => {
    const own = marks();
    const machine = await provision(own);
    const { externalId } = machine.instance;
    await backend.stop(externalId);
    const again = await provision(own, { sshPublicKeys: [other.publicKey] });
    expect(again.instance).toEqual(machine.instance);
    expect((await signIn(again, other, 'true')).code).toBe(0);
    expect((await signIn(again, tenant, 'true')).code).toBe(255);

    const { Config, HostConfig } = await docker.getContainer(externalId).inspect();
    await backend.terminate(externalId);
    const name = `dc-${own.contractId.slice(0, 32)}-g1`;
    const half = await docker.createContainer({ ...Config, HostConfig, name });
    const anew = await provision(own);
    expect(anew.instance.externalId).not.toBe(half.id);
    expect((await signIn(anew, tenant, 'true')).code).toBe(0);
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

  test('a command that is called off ends at once, and what it has made is found', async () => {
    const own = marks();
    const controller = new AbortController();
    const reason = new Error('called off');
    await expect(
      backend.provision({
        spec: { offeringId: 'small', memoryMb: 128, sshPublicKeys: [tenant.publicKey] },
        marks: own,
        signal: controller.signal,
        onStep: (step) => {
          if (step === 'ssh') controller.abort(reason);
        },
      }),
    ).rejects.toBe(reason);
    const found = await backend.find(own.contractId);
    expect(found?.marks).toEqual(own);
    await backend.terminate(found?.externalId as string);
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
      expect((await backend.listOthers()).map(({ externalId }) => externalId)).toContain(stranger.id);
    } finally {
      await stranger.remove({ force: true });
    }
  });
});

function signInByPassword(port: number, password: string): Promise<string> {
  const client = new ssh2.Client();
  return new Promise<string>((resolve, reject) => {
    client.once('error', reject);
    client.once('ready', () =>
      client.exec('whoami', (error, channel) => {
        if (error) {
          reject(error);
          return;
        }
        channel.once('data', (chunk: Buffer) => resolve(chunk.toString()));
      }),
    );
    client.connect({ host: '127.0.0.1', port, username: 'root', password, readyTimeout: 20_000 });
  }).finally(() => client.end());
}
