import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Backend, ProvisionedMachine, ProvisionOptions } from '../src/backends/backend.ts';
import { takesPorts } from '../src/backends/registry.ts';
import type { MachineMarks, MachineSpec } from '../src/domain/machine.ts';
import { type BackendSubject, marksAt, type Place, Trial } from './backend-subject.ts';
import { type SshKey, signsInByPassword, ssh } from './ssh.ts';

/** What `Backend` promises, whatever makes the machines. What only one kind does is in its own spec. */
export function backendSuite(subject: BackendSubject): void {
  let trial: Trial;
  let tenant: SshKey;
  let other: SshKey;
  let place: Place;
  let backend: Backend;

  const provision = (marks: MachineMarks, spec?: Partial<MachineSpec>, more?: Partial<ProvisionOptions>) =>
    trial.provision(backend, marks, spec, more);
  const whoGetsIn = (machine: ProvisionedMachine) => trial.whoGetsIn(machine);
  const powerOf = async (externalId: string) =>
    (await backend.list()).find((machine) => machine.externalId === externalId)?.power;
  const failure = (failureClass: string, code: string) => ({ failure: { class: failureClass, code } });

  beforeAll(async () => {
    trial = await Trial.begin(subject);
    ({ tenant, other } = trial);
    place = await subject.newPlace();
    backend = await trial.open(place);
  });

  afterAll(() => trial.end());

  test('nothing is found wrong where it can work', async () => {
    expect((await backend.verify()).filter(({ status }) => status === 'fail')).toEqual([]);
  });

  describe('one machine through its life', () => {
    let own: MachineMarks;
    let machine: ProvisionedMachine;

    test('is made, and the tenant gets in with the real client and meets the reported host key', async () => {
      own = marksAt(place);
      machine = await provision(own);
      const { instance, credential } = machine;
      expect(instance).toMatchObject({ provisionerType: subject.type, sshUser: subject.user });
      const knownHosts = join(trial.folder, 'known');
      await writeFile(knownHosts, `[127.0.0.1]:${instance.sshPort} ${instance.sshHostKey}\n`);
      const target = { port: instance.sshPort, key: tenant, user: subject.user, knownHosts };
      const answer = await ssh(target, 'uname; echo $USER');
      expect(answer).toMatchObject({ code: 0, stderr: '' });
      expect(answer.stdout.toString()).toBe(`Linux\n${subject.user}\n`);
      expect(credential).toMatchObject({ user: subject.user, host: '127.0.0.1', port: instance.sshPort });
      expect(credential.hostKeyFingerprint).toMatch(/^SHA256:/);
      expect(credential).not.toHaveProperty('password');
    });

    test('lets another key in by no means', async () => {
      const answer = await trial.signIn(machine, other, 'echo in');
      expect(answer).toMatchObject({ code: 255 });
      expect(answer.stdout).toHaveLength(0);
      expect(answer.stderr).toContain('Permission denied');
    });

    test('is found again by its marks and by a repeat, and never made twice', async () => {
      const { externalId } = machine.instance;
      expect((await provision(own)).instance).toEqual(machine.instance);
      const found = { externalId, marks: own, power: 'running' };
      expect(await backend.find(own.contractId)).toEqual(found);
      expect(await backend.list()).toEqual([found]);
      expect(await backend.describe(externalId)).toEqual(machine);
    });

    test('is taken over by a newer generation with its keys, and then by no older one and no other agent', async () => {
      const newer = { ...own, generation: 3 };
      expect((await provision(newer, { sshPublicKeys: [other.publicKey] })).instance).toEqual(
        machine.instance,
      );
      expect((await backend.find(own.contractId))?.marks).toEqual(newer);
      expect(await whoGetsIn(machine)).toEqual([false, true]);
      await expect(provision({ ...own, generation: 2 })).rejects.toMatchObject(
        failure('permanent', 'SUPERSEDED'),
      );
      for (const stranger of [{ agent: 'f'.repeat(16) }, { environment: 'elsewhere' }]) {
        await expect(provision({ ...newer, ...stranger })).rejects.toMatchObject(
          failure('permanent', 'FOREIGN_MACHINE'),
        );
      }
      expect((await backend.find(own.contractId))?.marks).toEqual(newer);
      expect(await whoGetsIn(machine)).toEqual([false, true]);
      own = newer;
    });

    test('has its keys rotated: the old one is refused from then on', async () => {
      const { externalId } = machine.instance;
      await backend.setAuthorizedKeys?.(externalId, [tenant.publicKey]);
      expect(await whoGetsIn(machine)).toEqual([true, false]);
      for (const unusable of ['ssh-ed25519 AAAA', 'command="x" ssh-ed25519 AAAA']) {
        await expect(backend.setAuthorizedKeys?.(externalId, [unusable])).rejects.toMatchObject(
          failure('config', 'SSH_KEY_UNUSABLE'),
        );
      }
      expect(await whoGetsIn(machine)).toEqual([true, false]);
    });

    test('gets a password, with which the tenant signs in until it gets another one', async () => {
      const { externalId, sshPort } = machine.instance;
      const lets = (password: string) => signsInByPassword(sshPort, password, subject.user);
      expect(await lets('Abc123secret')).toBe(false);
      await backend.setPassword?.(externalId, 'Abc123secret');
      expect(await Promise.all([lets('Abc123secret'), lets('another'), lets('')])).toEqual([
        true,
        false,
        false,
      ]);
      await backend.setPassword?.(externalId, 'Def456secret');
      expect(await Promise.all([lets('Abc123secret'), lets('Def456secret')])).toEqual([false, true]);
    });

    test('stops and starts again, each twice, on the same port with its files, keys and host key', async () => {
      const { externalId, sshPort, sshHostKey } = machine.instance;
      expect((await trial.signIn(machine, tenant, 'echo kept > note')).code).toBe(0);
      await backend.stop(externalId);
      await backend.stop(externalId);
      expect([await powerOf(externalId), (await backend.find(own.contractId))?.power]).toEqual([
        'stopped',
        'stopped',
      ]);
      expect(await whoGetsIn(machine)).toEqual([false, false]);
      await backend.resume(externalId);
      await backend.resume(externalId);
      expect(await powerOf(externalId)).toBe('running');
      const knownHosts = join(trial.folder, 'known-again');
      await writeFile(knownHosts, `[127.0.0.1]:${sshPort} ${sshHostKey}\n`);
      const target = { port: sshPort, key: tenant, user: subject.user, knownHosts };
      expect((await ssh(target, 'cat note')).stdout.toString()).toBe('kept\n');
      expect(await whoGetsIn(machine)).toEqual([true, false]);
    });

    test('is started by a repeat that finds it stopped, with the keys of that', async () => {
      await backend.stop(machine.instance.externalId);
      const again = await provision(own, { sshPublicKeys: [other.publicKey] });
      expect(again.instance).toEqual(machine.instance);
      expect(await whoGetsIn(machine)).toEqual([false, true]);
    });

    test('outlives the agent, running or stopped', async () => {
      const { externalId } = machine.instance;
      backend = await trial.restart(backend, place);
      expect(await whoGetsIn(machine)).toEqual([false, true]);
      expect((await backend.describe(externalId)).instance).toEqual(machine.instance);
      await backend.stop(externalId);
      backend = await trial.restart(backend, place);
      expect(await powerOf(externalId)).toBe('stopped');
      expect(await whoGetsIn(machine)).toEqual([false, false]);
    });

    test('is gone after its end, stopped or not, and stays gone for a repeat', async () => {
      const { externalId } = machine.instance;
      await backend.terminate(externalId);
      expect(await backend.find(own.contractId)).toBeUndefined();
      expect(await backend.list()).toEqual([]);
      expect((await trial.signIn(machine, other)).stderr).toContain('refused');
      await backend.terminate(externalId);
      const gone = failure('permanent', 'NO_SUCH_MACHINE');
      await expect(backend.stop(externalId)).rejects.toMatchObject(gone);
      await expect(backend.resume(externalId)).rejects.toMatchObject(gone);
      await expect(backend.describe(externalId)).rejects.toMatchObject(gone);
    });
  });

  test('the script of a command runs once, and its log and exit code come back', async () => {
    const own = marksAt(place);
    const postProvisionScript = `#!/bin/bash
echo "contract $DC_CONTRACT_ID"; echo oops >&2; echo run >> runs; echo DC_SCRIPT_EOF; exit 3`;
    const machine = await provision(own, { postProvisionScript });
    expect(machine.script).toEqual({
      success: false,
      exitCode: 3,
      log: `contract ${own.contractId}\nDC_SCRIPT_EOF\n\n--- stderr ---\noops\n`,
    });
    expect((await provision(own, { postProvisionScript })).script).toBeUndefined();
    expect((await trial.signIn(machine, tenant, 'cat runs')).stdout.toString()).toBe('run\n');
    const long = await provision(own, { postProvisionScript: 'seq 100000; echo end' });
    expect(long.script).toMatchObject({ success: true, exitCode: 0 });
    expect(long.script?.log).toHaveLength(256 * 1024);
    expect(long.script?.log.endsWith('100000\nend\n')).toBe(true);
    await backend.terminate(machine.instance.externalId);
  });

  test('those that are made at once have host keys and places of their own; the one too many is told so', async () => {
    const maxMachines = subject.atOnce;
    const where = await subject.newPlace();
    const few = await trial.open(where, { maxMachines });
    const made = await Promise.all(
      Array.from({ length: maxMachines }, () => trial.provision(few, marksAt(where))),
    );
    const different = (which: (machine: ProvisionedMachine) => unknown) => new Set(made.map(which)).size;
    expect(different(({ instance }) => instance.externalId)).toBe(maxMachines);
    expect(different(({ instance }) => instance.sshHostKey)).toBe(maxMachines);
    if (takesPorts(subject.type)) expect(different(({ instance }) => instance.sshPort)).toBe(maxMachines);
    await expect(trial.provision(few, marksAt(where))).rejects.toMatchObject(
      failure('capacity', 'NO_FREE_SLOT'),
    );
    expect([await few.capacity(), (await few.list()).length]).toEqual([maxMachines, maxMachines]);
    await Promise.all(made.map(({ instance }) => few.terminate(instance.externalId)));
    expect(await few.list()).toEqual([]);
  });

  test('a key that nobody can use fails the command as a matter of its settings, and nothing is made', async () => {
    const own = marksAt(place);
    await expect(provision(own, { sshPublicKeys: ['ssh-ed25519 AAAA'] })).rejects.toMatchObject(
      failure('config', 'SSH_KEY_UNUSABLE'),
    );
    expect(await backend.find(own.contractId)).toBeUndefined();
  });

  test('a command that was called off before it began leaves nothing', async () => {
    const own = marksAt(place);
    const reason = new Error('called off');
    await expect(provision(own, {}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(await backend.find(own.contractId)).toBeUndefined();
  });

  test('whichever step a command is called off at, what it has made is found, and a repeat makes one machine of it', async () => {
    const steps: string[] = [];
    const first = await provision(marksAt(place), {}, { onStep: (step) => void steps.push(step) });
    await backend.terminate(first.instance.externalId);
    expect(steps.length).toBeGreaterThan(1);
    for (const at of steps) {
      const own = marksAt(place);
      const controller = new AbortController();
      const reason = new Error(`called off at ${at}`);
      const onStep = (step: string) => {
        if (step === at) controller.abort(reason);
      };
      await expect(provision(own, {}, { signal: controller.signal, onStep })).rejects.toBe(reason);
      const found = await backend.find(own.contractId);
      if (found || at === steps.at(-1)) expect(found?.marks).toEqual(own);
      const again = await provision(own);
      expect(await whoGetsIn(again)).toEqual([true, false]);
      expect((await backend.list()).map(({ marks }) => marks)).toEqual([own]);
      await backend.terminate(again.instance.externalId);
    }
  });

  if (takesPorts(subject.type)) {
    test('a port that somebody else has is passed over, and the wish for one is followed where it can be', async () => {
      const where = await subject.newPlace();
      const { firstPort } = where;
      const blocker = createServer().listen(firstPort, '127.0.0.1');
      await once(blocker, 'listening');
      try {
        const full = trial.provision(await trial.open(where, { ports: 1 }), marksAt(where));
        await expect(full).rejects.toMatchObject(failure('capacity', 'NO_FREE_PORT'));
        const from = await trial.open(where);
        const portOf = async (ports?: ProvisionOptions['ports']) =>
          (await trial.provision(from, marksAt(where), {}, { ...(ports && { ports }) })).instance.sshPort;
        expect(await portOf()).toBe(firstPort + 1);
        expect(await portOf({ own: firstPort + 5, others: new Set() })).toBe(firstPort + 5);
        expect(await portOf({ own: firstPort, others: new Set([firstPort + 2]) })).toBe(firstPort + 3);
      } finally {
        blocker.close();
      }
    });
  }
}
