import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { BackendError } from '../src/backends/backend.ts';
import type { LocalBackend } from '../src/backends/local/local-backend.ts';
import { findProcesses, MACHINE_MARK } from '../src/backends/local/processes.ts';
import { backendSuite } from './backend-suite.ts';
import { LocalMachines, marks, OWN, PORTS_EACH } from './local-machines.ts';
import { newSshKey, type SshKey, ssh, startSsh } from './ssh.ts';

jest.setTimeout(40_000);

let machines: LocalMachines;
let tenant: SshKey;
let stranger: SshKey;
let backend: LocalBackend;

beforeAll(async () => {
  machines = await LocalMachines.begin();
  ({ tenant, stranger } = machines);
  backend = await machines.start('machines');
});

afterAll(async () => {
  for (const { externalId } of await backend.list()) await backend.terminate(externalId);
  await backend.close();
  await machines.end();
});

describe('what every backend promises', () => {
  let places = 0;
  backendSuite({
    type: 'local',
    user: 'dc',
    atOnce: 10,
    newPlace: async () => {
      const name = `place-${++places}`;
      const firstPort = machines.firstPort(name);
      return {
        own: OWN,
        firstPort,
        open: ({ maxMachines = 10, ports = PORTS_EACH } = {}) =>
          machines.start(name, { maxMachines, portRangeEnd: firstPort + ports - 1 }),
      };
    },
  });
});

describe('signing in', () => {
  test.each(['ecdsa', 'rsa'])('a tenant with an %s key gets in', async (type) => {
    const key = await newSshKey(machines.folder, `tenant-${type}`, type);
    const { instance } = await machines.provision(backend, marks(), { sshPublicKeys: [key.publicKey] });
    expect((await ssh({ port: instance.sshPort, key }, 'true')).code).toBe(0);
  });

  test('the tenant gets in as root as well', async () => {
    const { instance } = await machines.provision(backend);
    const answer = await ssh({ port: instance.sshPort, key: tenant, user: 'root' }, 'uname -a; echo $USER');
    expect(answer).toMatchObject({ code: 0, stderr: '' });
    expect(answer.stdout.toString()).toMatch(/^Linux .*\nroot\n$/);
  });

  test('another key and another user are refused', async () => {
    const { instance } = await machines.provision(backend);
    const answers = [
      await ssh({ port: instance.sshPort, key: stranger }, 'echo in'),
      await ssh({ port: instance.sshPort, key: tenant, user: 'admin' }, 'echo in'),
    ];
    for (const answer of answers) {
      expect(answer).toMatchObject({ code: 255 });
      expect(answer.stdout).toHaveLength(0);
      expect(answer.stderr).toContain('Permission denied (publickey)');
    }
  });
});

describe('the life of a machine', () => {
  test('termination ends sessions and processes, removes the folder and closes the port; twice is once', async () => {
    const own = marks();
    const { instance } = await machines.provision(backend, own);
    const client = startSsh({ port: instance.sshPort, key: tenant }, 'echo up; setsid sleep 3003 & cat');
    await new Promise((resolve) => client.stdout?.once('data', resolve));
    const gone = new Promise((resolve) => client.once('exit', resolve));
    const mark = { name: MACHINE_MARK, value: instance.externalId };
    expect((await findProcesses({ mark })).length).toBeGreaterThan(0);
    await backend.terminate(instance.externalId);
    await gone;
    expect(await findProcesses({ mark })).toEqual([]);
    expect(await readdir(join(machines.folder, 'machines'))).not.toContain(instance.externalId);
    expect(await backend.find(own.contractId)).toBeUndefined();
    const refused = await ssh({ port: instance.sshPort, key: tenant }, 'true');
    expect(refused.stderr).toMatch(/refused/);
    await backend.terminate(instance.externalId);
  });

  test('machines outlive the agent with host key and port; half-made ones do not', async () => {
    const first = await machines.start('restart');
    const own = marks();
    const { instance } = await machines.provision(first, own);
    const stopped = await machines.provision(first);
    await first.stop(stopped.instance.externalId);
    await mkdir(join(machines.folder, 'restart', '.new-abc'));
    await first.close();
    expect((await ssh({ port: instance.sshPort, key: tenant }, 'true')).code).toBe(255);
    const second = await machines.start('restart');
    expect((await ssh({ port: instance.sshPort, key: tenant }, 'true')).code).toBe(0);
    expect((await second.list()).map(({ power }) => power).sort()).toEqual(['running', 'stopped']);
    expect((await machines.provision(second, own)).instance).toEqual(instance);
    expect(await readdir(join(machines.folder, 'restart'))).not.toContain('.new-abc');
    await second.close();
  });

  test('what was left in the folder keeps nothing from starting: it is listed with the reason and can be removed', async () => {
    const first = await machines.start('spoilt');
    const { instance } = await machines.provision(first);
    const own = marks();
    const spoilt = (await machines.provision(first, own)).instance.externalId;
    await first.close();
    await writeFile(join(machines.folder, 'spoilt', spoilt, 'machine.json'), 'spoilt');
    await writeFile(join(machines.folder, 'spoilt', 'a file'), '');
    await mkdir(join(machines.folder, 'spoilt', '.gone-dc-1-g1-01234567', 'home'), { recursive: true });
    const second = await machines.start('spoilt');
    try {
      expect((await ssh({ port: instance.sshPort, key: tenant }, 'true')).code).toBe(0);
      expect((await second.verify()).filter(({ status }) => status === 'fail')).toEqual([]);
      const details = (await second.verify()).map(({ detail }) => detail);
      expect(details).toContain(`${spoilt}: machine.json cannot be read: it is not as the agent wrote it`);
      await eventually(async () => (await second.list()).length === 3);
      expect(await second.find(own.contractId)).toBeUndefined();
      await expect(machines.provision(second, own)).rejects.toMatchObject({
        failure: { code: 'STILL_THERE', resourcesLeft: [{ id: spoilt }] },
      });
      for (const { externalId, left } of await second.list()) if (left) await second.terminate(externalId);
      expect(await readdir(join(machines.folder, 'spoilt'))).toEqual([instance.externalId]);
    } finally {
      await second.close();
    }
  });

  test('a port that another program takes between its choice and its use is given up for the next one', async () => {
    const port = machines.firstPort('raced');
    const raced = await machines.start('raced');
    const own = marks();
    const thief = createServer();
    try {
      const listening = once(thief, 'listening');
      const { instance, credential } = await machines.provision(raced, own, {}, (step) => {
        if (step === 'serve') thief.listen(port, '127.0.0.1');
      });
      await listening;
      expect([instance.sshPort, credential.port]).toEqual([port + 1, port + 1]);
      expect((await ssh({ port: port + 1, key: tenant }, 'true')).code).toBe(0);
      expect((await machines.provision(raced)).instance.sshPort).toBe(port + 2);
      expect((await machines.provision(raced, own)).instance).toEqual(instance);
    } finally {
      thief.close();
      await raced.close();
    }
  });

  test('a machine whose port another program had is served once it is free, with the keys that it has by then', async () => {
    const first = await machines.start('taken');
    const own = marks();
    const one = await machines.provision(first, own);
    const two = await machines.provision(first);
    const three = await machines.provision(first);
    await first.close();
    const thieves = await Promise.all(
      [one, three].map(async ({ instance }) => {
        const thief = createServer().listen(instance.sshPort, '127.0.0.1');
        await once(thief, 'listening');
        return thief;
      }),
    );
    const seen: unknown[] = [];
    const second = await machines.start('taken', {
      portRangeStart: 1,
      portRangeEnd: 1,
      onFault: (error) => void seen.push(error),
    });
    try {
      expect(seen).toEqual([expect.any(BackendError), expect.any(BackendError)]);
      expect((await ssh({ port: two.instance.sshPort, key: tenant }, 'true')).code).toBe(0);
      const powers = Object.fromEntries(
        (await second.list()).map(({ externalId, power }) => [externalId, power]),
      );
      expect(powers).toEqual({
        [one.instance.externalId]: 'unknown',
        [two.instance.externalId]: 'running',
        [three.instance.externalId]: 'unknown',
      });
      await second.setAuthorizedKeys(one.instance.externalId, [stranger.publicKey]);
      await second.terminate(three.instance.externalId);
      for (const thief of thieves) thief.close();
      await eventually(async () => (await second.find(own.contractId))?.power === 'running');
      expect((await ssh({ port: one.instance.sshPort, key: stranger }, 'true')).code).toBe(0);
      expect((await ssh({ port: one.instance.sshPort, key: tenant }, 'true')).code).toBe(255);
      expect((await ssh({ port: three.instance.sshPort, key: tenant }, 'true')).stderr).toContain('refused');
      expect(seen).toHaveLength(2);
    } finally {
      for (const thief of thieves) thief.close();
      await second.close();
    }
  });
});
