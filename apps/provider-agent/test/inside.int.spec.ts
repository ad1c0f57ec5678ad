import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { generateKeyPair, openCredential } from '@decent-cloud/identity';
import type { AgentEvent, DesiredMachine, MachineAction } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import type { Agent } from '../src/agent/agent.ts';
import type { LocalBackend } from '../src/backends/local/local-backend.ts';
import { type FakePlatform, nowNs } from './fake-platform.ts';
import { startInProcess } from './in-process.ts';
import type { AgentSite } from './program.ts';
import { Scene } from './scene.ts';
import { newSshKey, type SshKey, signsInByPassword, ssh } from './ssh.ts';

jest.setTimeout(180_000);

const WAIT_MS = 90_000;
const phone = generateKeyPair();

let scene: Scene;
let platform: FakePlatform;
let key: SshKey;
let site: AgentSite;
let agent: Agent;
const logs: string[] = [];
/** Passwords that were set inside of machines, in their order. */
const passwords: string[] = [];

function watched(backend: LocalBackend): LocalBackend {
  const setPassword = backend.setPassword.bind(backend);
  backend.setPassword = async (externalId, password) => {
    passwords.push(password);
    await setPassword(externalId, password);
  };
  return backend;
}

async function begin(backend = watched(site.backend())): Promise<void> {
  agent = await startInProcess(platform, site, backend, { logs });
}

beforeAll(async () => {
  scene = await Scene.begin();
  ({ platform, key } = scene);
  site = await scene.newSite();
  await begin();
});
afterAll(async () => {
  await agent?.stop();
  await scene?.end();
});

async function running(spec: Partial<NonNullable<DesiredMachine['spec']>> = {}) {
  const machine = scene.wanted({ spec: { offeringId: 'small', sshPublicKeys: [key.publicKey], ...spec } });
  await scene.provision(site, machine);
  const { payload } = await scene.provisioned(machine, WAIT_MS).catch((error) => {
    throw new Error(logs.slice(-40).join(''), { cause: error });
  });
  return { machine, port: payload.instance.sshPort };
}

const operation = (
  { contractId, generation }: DesiredMachine,
  more: Partial<MachineAction> = {},
): MachineAction => ({
  operationId: randomUUID(),
  contractId,
  generation,
  requestedAtNs: nowNs().toString(),
  encryptionPublicKeys: [],
  ...more,
});
const send = (
  kind: 'reset-password' | 'rotate-ssh-key',
  wanted: MachineAction,
  more: { deadlineNs?: bigint } = {},
) => platform.command(site.known, kind, undefined, { operation: wanted, ...more }).send();

type Answer = Extract<AgentEvent, { kind: 'operation-done' | 'operation-failed' }>;
const isAnswer = (event: AgentEvent): event is Answer =>
  event.kind === 'operation-done' || event.kind === 'operation-failed';
const answersTo = ({ operationId }: MachineAction): Answer[] =>
  platform.events.flatMap(({ event }) =>
    isAnswer(event) && event.payload.operationId === operationId ? [event] : [],
  );
const answerTo = (wanted: MachineAction): Promise<Answer> =>
  eventually(() => answersTo(wanted)[0], { what: 'an answer', deadlineMs: WAIT_MS });
const settled = () => scene.settled(site, WAIT_MS);

async function failureOf(wanted: MachineAction): Promise<string> {
  const event = await answerTo(wanted);
  return event.kind === 'operation-failed' ? `${event.payload.class} ${event.payload.code}` : event.kind;
}

const signsIn = (port: number, password: string, user = 'dc') => signsInByPassword(port, password, user);
const lets = async (port: number, one: SshKey) => (await ssh({ port, key: one }, 'true')).code === 0;

describe('SSH keys', () => {
  test('the new key gets in, the old one does not any more; the answer names the set', async () => {
    const { machine, port } = await running();
    const next = await newSshKey(scene.folder, 'next');
    expect([await lets(port, key), await lets(port, next)]).toEqual([true, false]);
    const wanted = operation(machine, { sshPublicKey: next.publicKey });
    await send('rotate-ssh-key', wanted);
    const event = await answerTo(wanted);
    expect(event).toMatchObject({
      kind: 'operation-done',
      contractId: machine.contractId,
      generation: 1,
      payload: {
        kind: 'rotate-ssh-key',
        keySetSha256: createHash('sha256').update(`${next.publicKey}\n`).digest('hex'),
      },
    });
    expect([await lets(port, key), await lets(port, next)]).toEqual([false, true]);

    // The command that was overtaken comes last: it must not bring the old key back.
    const overtaken = operation(machine, {
      sshPublicKey: key.publicKey,
      requestedAtNs: (BigInt(wanted.requestedAtNs) - 1n).toString(),
    });
    await send('rotate-ssh-key', overtaken);
    expect(await failureOf(overtaken)).toBe('config SUPERSEDED');
    expect([await lets(port, key), await lets(port, next)]).toEqual([false, true]);

    const unusable = operation(machine, { sshPublicKey: 'ssh-ed25519 AAAA' });
    await send('rotate-ssh-key', unusable);
    expect(await failureOf(unusable)).toBe('config SSH_KEY_UNUSABLE');
    expect(await lets(port, next)).toBe(true);
    await settled();
  });
});

describe('passwords', () => {
  test('a new one logs in, opens for every key of the tenant, and is nowhere in clear', async () => {
    const { machine, port } = await running();
    expect(await signsIn(port, '')).toBe(false);
    const before = passwords.length;
    const wanted = operation(machine, {
      encryptionPublicKeys: [scene.tenant.publicKeyHex, phone.publicKeyHex],
    });
    await send('reset-password', wanted);
    const event = await answerTo(wanted);
    if (event.kind !== 'operation-done') throw new Error(event.kind);
    const { contractId } = machine;
    const opened = [scene.tenant, phone].map(({ seed, publicKeyHex }) => {
      const envelope = event.payload.credentials?.find(
        ({ recipientPublicKey }) => recipientPublicKey === publicKeyHex,
      )?.envelope;
      return JSON.parse(openCredential({ seed, envelope: envelope ?? '', contractId }));
    });
    expect(opened[0]).toEqual(opened[1]);
    expect(opened[0]).toMatchObject({ user: 'dc', host: '127.0.0.1', port });
    const { password } = opened[0] as { password: string };
    expect(password).toMatch(/^[A-Za-z0-9]{24}$/);
    expect(passwords.slice(before)).toEqual([password]);
    expect(await signsIn(port, password)).toBe(true);
    expect(await signsIn(port, `${password}x`)).toBe(false);
    expect(await signsIn(port, password, 'somebody')).toBe(false);
    expect(await lets(port, key)).toBe(true);

    // The same command again, twice: the same answer, and no second password.
    const deliveries = await platform.deliveries(site.known);
    await send('reset-password', wanted);
    await send('reset-password', wanted);
    await settled();
    expect(await platform.deliveries(site.known)).toBeGreaterThanOrEqual(deliveries + 2);
    expect(passwords.slice(before)).toEqual([password]);
    expect(new Set(answersTo(wanted).map(({ eventId }) => eventId)).size).toBe(1);

    await agent.stop();
    await begin();
    await eventually(() => signsIn(port, password), { what: 'login after a restart', deadlineMs: WAIT_MS });
    await send('reset-password', wanted);
    await settled();
    expect(passwords.slice(before)).toEqual([password]);

    const journal = await readFile(site.journalPath, 'utf8');
    expect(journal).toContain(wanted.operationId);
    expect(logs.join('\n')).toContain(machine.contractId);
    for (const text of [journal, logs.join('\n')]) expect(text).not.toContain(password);

    const second = operation(machine, { encryptionPublicKeys: [scene.tenant.publicKeyHex] });
    await send('reset-password', second);
    await answerTo(second);
    expect(passwords).toHaveLength(before + 2);
    expect(await signsIn(port, password)).toBe(false);
    expect(await signsIn(port, passwords.at(-1) ?? '')).toBe(true);
  });

  test('nothing is set when it cannot be sealed for every key', async () => {
    const { machine } = await running();
    const before = passwords.length;
    const wanted = operation(machine, {
      encryptionPublicKeys: [scene.tenant.publicKeyHex, '01'.padEnd(64, '0')],
    });
    await send('reset-password', wanted);
    expect(await failureOf(wanted)).toBe('config ENCRYPTION_FAILED');
    expect(passwords).toHaveLength(before);
  });
});

describe('what is not done', () => {
  test('after the deadline, in a machine that is gone, of another generation or of nobody', async () => {
    const { machine } = await running();
    const before = passwords.length;
    const late = operation(machine);
    await send('reset-password', late, { deadlineNs: nowNs() - 1n });
    expect(await failureOf(late)).toBe('transient deadline');
    const other = operation(machine, { generation: 2 });
    await send('reset-password', other);
    expect(await failureOf(other)).toBe('transient NOT_RUNNING');
    const nobodys = operation({ ...machine, contractId: 'ab'.repeat(32) });
    await send('reset-password', nobodys);
    expect(await failureOf(nobodys)).toBe('transient NOT_RUNNING');
    await scene.terminate(site, machine);
    await platform.eventOf(machine.contractId, 'terminated', WAIT_MS);
    const gone = operation(machine);
    await send('reset-password', gone);
    expect(await failureOf(gone)).toBe('transient NOT_RUNNING');
    expect(passwords).toHaveLength(before);
  });

  test('by a backend that cannot', async () => {
    const { machine } = await running();
    await agent.stop();
    const backend = site.backend();
    Object.assign(backend, { setPassword: undefined, setAuthorizedKeys: undefined });
    await begin(backend);
    const [password, rotation] = [operation(machine), operation(machine, { sshPublicKey: key.publicKey })];
    await send('reset-password', password);
    await send('rotate-ssh-key', rotation);
    expect(await failureOf(password)).toBe('config UNSUPPORTED');
    expect(await failureOf(rotation)).toBe('config UNSUPPORTED');
    await agent.stop();
    await begin();
  });
});

describe("an offering's script", () => {
  const scriptOf = async (contractId: string) => {
    const event = await platform.eventOf(contractId, 'script-done', WAIT_MS);
    if (event.kind !== 'script-done') throw new Error(event.kind);
    return event.payload;
  };

  test('runs once in the new machine; what it prints and how it ends is told', async () => {
    const { machine, port } = await running({
      postProvisionScript: 'echo "for $DC_CONTRACT_ID"; pwd >&2; echo ran >> ran; exit 3',
    });
    const { contractId } = machine;
    const home = (await ssh({ port, key }, 'pwd')).stdout.toString();
    expect(await scriptOf(contractId)).toEqual({
      success: false,
      exitCode: 3,
      log: `for ${contractId}\n\n--- stderr ---\n${home}`,
    });
    await scene.provision(site, { ...machine, generation: 2 });
    await eventually(() => platform.eventsOf(contractId, 'provisioned').length === 2, {
      deadlineMs: WAIT_MS,
    });
    expect((await ssh({ port, key }, 'cat ran')).stdout.toString()).toBe('ran\n');
    expect(platform.eventsOf(contractId, 'script-done')).toHaveLength(1);
  });

  test('its first line chooses the interpreter; whatever it prints fits a message', async () => {
    const { machine } = await running({
      postProvisionScript: `#!${process.execPath}\nprocess.stdout.write(Buffer.alloc(400_000, 1));console.log('end');`,
    });
    const { success, log } = await scriptOf(machine.contractId);
    expect(success).toBe(true);
    expect(log.endsWith('\u0001end\n')).toBe(true);
    expect(log.length).toBeGreaterThan(100_000);
  });

  test('no script, no word about one', async () => {
    const { machine } = await running();
    await settled();
    expect(platform.eventsOf(machine.contractId, 'script-done')).toEqual([]);
  });
});
