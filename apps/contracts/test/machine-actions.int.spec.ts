import { randomUUID } from 'node:crypto';
import { Refusal } from '@decent-cloud/kernel';
import { facts } from '@decent-cloud/messages';
import {
  cancelContract,
  getContract,
  getCredentials,
  getRecipeLog,
  getScriptRun,
  listContractEvents,
  resetPassword,
  rotateSshKey,
} from '@decent-cloud/messages/contracts';
import { MachineActions } from '../src/machine-action/machine-actions.ts';
import { HOUR, SSH_KEY, STRANGER_KEY, TENANT_KEY, TENANT_OTHER_KEY } from './sample-contract.ts';
import { provider, stranger, tenant, tenantsOtherKey, World } from './world.ts';

const NEW_KEY =
  'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBMEBqLRiip9GGYNw12/uIvUOsBQr1kODocz+BJY2z9dTo1xh7geDzXj3zTs9nLmNZhOrBYUNn8W4z4IIdtxZ4hU= new';
const world = World.forFile();
const { machine } = world;

const running = async (changes: object = {}): Promise<string> => {
  const contractId = await world.rent(changes);
  await world.say(facts.machineProvisioned, {
    ...world.provisioned(contractId),
    credentials: [
      { recipientPublicKey: TENANT_KEY, envelope: 'first' },
      { recipientPublicKey: TENANT_OTHER_KEY, envelope: 'first, other key' },
    ],
  });
  return contractId;
};
const reset = (id: string, caller = tenant, key?: string) =>
  world.ask(resetPassword, { params: { id } }, caller, key);
const rotate = (id: string, newSshPubkey = NEW_KEY, caller = tenant) =>
  world.ask(rotateSshKey, { params: { id }, body: { newSshPubkey } }, caller);
const show = (id: string) => world.ask(getContract, { params: { id } });
const envelope = (id: string, caller = tenant) => world.ask(getCredentials, { params: { id } }, caller);
const requested = (id: string) => world.said(id, 'machine-operation-requested');
const eventsOf = async (id: string) =>
  (await world.ask(listContractEvents, { params: { id } }))
    .filter(({ eventType }) => /password|ssh_key|note/.test(eventType))
    .map(({ eventType, actor, details }) => [eventType, actor, details].filter(Boolean).join(' '));
const finish = async (
  id: string,
  operationId: string,
  kind: 'reset-password' | 'rotate-ssh-key',
  changes: object = {},
) =>
  world.say(facts.machineOperationFinished, {
    operationId,
    contractId: id,
    generation: 1,
    kind,
    outcome: 'done',
    credentials: [],
    atNs: world.now,
    ...changes,
  });
const reasonOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof Refusal) return `${error.code} ${error.reason}`;
    throw error;
  }
  return 'allowed';
};

describe('a new password', () => {
  it('is asked for with every active key of the account; it comes with new envelopes', async () => {
    const id = await running({ duration_hours: 1_000 });
    expect(await reset(id)).toBe('Password reset requested. The provider will reset the password shortly.');
    const [said] = await requested(id);
    expect(said).toMatchObject({ kind: 'reset-password', contractId: id });
    const { operationId, encryptionPublicKeys } = said as unknown as {
      operationId: string;
      encryptionPublicKeys: string[];
    };
    expect(encryptionPublicKeys).toEqual([TENANT_KEY, TENANT_OTHER_KEY]);
    expect((await show(id)).password_reset_requested_at_ns).toBe(world.now);
    expect(await envelope(id)).toBe('first');

    world.now += 6n * 24n * HOUR;
    const credentials = [
      { recipientPublicKey: TENANT_KEY, envelope: 'second' },
      { recipientPublicKey: STRANGER_KEY, envelope: 'not asked for' },
    ];
    await finish(id, operationId, 'reset-password', { credentials });
    await finish(id, operationId, 'reset-password', { credentials: [], outcome: 'failed' });
    await finish(id, operationId, 'reset-password', { credentials });
    // What the other key had opens nothing any more, and is gone before its time.
    expect(await reasonOf(envelope(id, tenantsOtherKey))).toBe('NOT_FOUND CREDENTIALS_NOT_AVAILABLE');
    world.now += 2n * 24n * HOUR;
    expect(await envelope(id)).toBe('second');
    expect((await show(id)).password_reset_requested_at_ns).toBeUndefined();
    expect(await eventsOf(id)).toEqual([
      'password_reset_requested tenant',
      'password_reset_complete provider',
    ]);
    expect(await world.said(id, 'machine-operation-recorded')).toMatchObject([
      { outcome: 'done', operationId },
    ]);
  });

  it('can be had five times an hour, also when all ask at once', async () => {
    const id = await running();
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => reasonOf(reset(id))));
    expect(outcomes.filter((one) => one === 'allowed')).toHaveLength(5);
    expect(outcomes.filter((one) => one === 'LIMIT RATE_LIMITED')).toHaveLength(3);
    expect(await requested(id)).toHaveLength(5);
    expect(await reasonOf(rotate(id))).toBe('allowed');
    const other = await running();
    expect(await reasonOf(reset(other))).toBe('allowed');
    world.now += HOUR;
    expect(await reasonOf(reset(id))).toBe('allowed');
  });

  it('a repeat asks once', async () => {
    const id = await running();
    const key = randomUUID();
    expect(await reset(id, tenant, key)).toBe(await reset(id, tenant, key));
    // As after a crash between commit and answer: the same operation again, with the limit reached meanwhile.
    const operations = world.service.get(MachineActions);
    const context = { caller: tenant, operationId: randomUUID(), requestId: 'r', now: world.now };
    await operations.request(id, { kind: 'reset-password' }, context);
    for (let count = 2; count < 5; count++) await reset(id);
    expect(await reasonOf(reset(id))).toBe('LIMIT RATE_LIMITED');
    await operations.request(id, { kind: 'reset-password' }, context);
    expect(await requested(id)).toHaveLength(5);
  });
});

describe('another SSH key', () => {
  it('is the key of the contract once the machine lets it in, and of every machine made anew', async () => {
    const id = await running();
    expect(await rotate(id, `  ${NEW_KEY}\n`)).toBe(
      'SSH key rotation requested. The provider will inject the new key shortly.',
    );
    const [said] = await requested(id);
    expect(said).toMatchObject({ kind: 'rotate-ssh-key', sshPublicKey: NEW_KEY, encryptionPublicKeys: [] });
    expect(await show(id)).toMatchObject({
      requester_ssh_pubkey: SSH_KEY,
      ssh_key_rotation_requested_at_ns: world.now,
    });
    await finish(id, String(said?.operationId), 'rotate-ssh-key');
    const after = await world.read(id);
    expect(after).toMatchObject({ tenantSshPublicKey: NEW_KEY, sshKeyRotationRequestedAtNs: null });
    expect(after.machineSpec.sshPublicKeys).toEqual([NEW_KEY]);
    expect(await eventsOf(id)).toEqual(['ssh_key_rotation tenant', 'ssh_key_rotation_complete provider']);
  });

  it('a failure leaves everything as it was and says why; what comes late and out of order does too', async () => {
    const id = await running();
    await rotate(id, SSH_KEY);
    world.now += 1n;
    await rotate(id);
    const [older, younger] = (await requested(id)).map(({ operationId }) => String(operationId));
    const failure = { code: 'NO_ANSWER', message: 'the agent has not answered in time' };
    await finish(id, younger ?? '', 'rotate-ssh-key', { outcome: 'failed', failure });
    expect(await world.read(id)).toMatchObject({
      tenantSshPublicKey: SSH_KEY,
      sshKeyRotationRequestedAtNs: null,
    });
    await finish(id, younger ?? '', 'rotate-ssh-key');
    expect((await world.read(id)).tenantSshPublicKey).toBe(NEW_KEY);
    await finish(id, older ?? '', 'rotate-ssh-key');
    expect((await world.read(id)).tenantSshPublicKey).toBe(NEW_KEY);
    expect(await eventsOf(id)).toContain(
      'ssh_key_rotation_failed system NO_ANSWER: the agent has not answered in time',
    );
  });

  it.each([
    ['DSA', 'ssh-dss AAAAB3NzaC1kc3MAAAAA', 'INVALID SSH_KEY_INVALID'],
    ['two lines', `${NEW_KEY}\n${SSH_KEY}`, 'INVALID SSH_KEY_INVALID'],
    ['options', `command="ls" ${NEW_KEY}`, 'INVALID SSH_KEY_INVALID'],
    ['nothing', '', 'INVALID SSH_KEY_INVALID'],
    ['more than 16 KiB', `${NEW_KEY} ${'x'.repeat(17_000)}`, 'INVALID INVALID_INPUT'],
  ])('is refused with %s', async (_, line, refusal) => {
    const id = await running();
    expect(await reasonOf(rotate(id, line))).toBe(refusal);
    expect(await requested(id)).toEqual([]);
  });
});

describe('who and when', () => {
  it('the tenant alone, by any key, while there is a machine', async () => {
    const id = await running();
    for (const caller of [provider, stranger]) {
      expect(await reasonOf(reset(id, caller))).toBe('FORBIDDEN OWN_CONTRACT');
      expect(await reasonOf(rotate(id, NEW_KEY, caller))).toBe('FORBIDDEN OWN_CONTRACT');
      for (const read of [getRecipeLog, getScriptRun]) {
        expect(await reasonOf(world.ask(read, { params: { id } }, caller))).toBe('FORBIDDEN OWN_CONTRACT');
      }
    }
    expect(await reasonOf(reset(id, tenantsOtherKey))).toBe('allowed');
    expect(await reasonOf(reset('ab'.repeat(32)))).toBe('NOT_FOUND CONTRACT_NOT_FOUND');
    const waiting = await world.rent();
    expect(await reasonOf(reset(waiting))).toBe('CONFLICT TRANSITION_NOT_ALLOWED');
    await world.ask(cancelContract, { params: { id }, body: {} });
    expect(await reasonOf(rotate(id))).toBe('CONFLICT TRANSITION_NOT_ALLOWED');
    const before = await world.read(id);
    expect(before.passwordResetRequestedAtNs).toBeNull();
    const [said] = await requested(id);
    await finish(id, String(said?.operationId), 'reset-password', {
      credentials: [{ recipientPublicKey: TENANT_KEY, envelope: 'too late' }],
    });
    expect(await world.read(id)).toEqual(before);
    expect(await reasonOf(envelope(id))).toBe('NOT_FOUND CREDENTIALS_NOT_AVAILABLE');
  });
});

describe('beside it', () => {
  it('end and log of the newest script are for the tenant; null when none has run', async () => {
    const id = await running();
    const log = () => world.ask(getRecipeLog, { params: { id } });
    const ended = () => world.ask(getScriptRun, { params: { id } });
    expect([await log(), await ended()]).toEqual([null, null]);
    const run = { ...machine(id), success: false, exitCode: 3, log: 'one\0two\n' };
    await world.say(facts.machineScriptFinished, run);
    await world.say(facts.machineScriptFinished, { ...run, log: 'told twice' });
    expect(await log()).toBe('one\uFFFDtwo\n');
    expect(await ended()).toEqual({
      generation: 1,
      success: false,
      exitCode: 3,
      finishedAtNs: expect.any(BigInt),
      log: 'one\uFFFDtwo\n',
    });
    await world.say(facts.machineScriptFinished, {
      ...run,
      generation: 2,
      success: true,
      exitCode: 0,
      log: '',
    });
    expect(await log()).toBe('');
    expect(await ended()).toMatchObject({ generation: 2, success: true, exitCode: 0, log: '' });
    expect(await eventsOf(id)).toEqual([
      "note provider the offering's script ended with 3",
      "note provider the offering's script has succeeded",
    ]);
  });

  it('the end of the paid time is said once, when the machine is handed over', async () => {
    const id = await running();
    const { version, endsAtNs } = await world.read(id);
    const said = await world.said(id, 'paid-time-changed');
    expect(said).toHaveLength(1);
    expect(said[0]).toMatchObject({ contractId: id, version });
    expect(endsAtNs).toBe(world.now + 10n * HOUR);
  });
});
