import { randomUUID } from 'node:crypto';
import { generateKeyPair, openCredential } from '@decent-cloud/identity';
import { type Caller, type FactInput, facts } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { hex64, user } from './people.ts';
import { PollingAgent, plainDetails } from './polling-agent.ts';
import { PollingStage } from './polling-stage.ts';
import type { Stage } from './stage.ts';

jest.setTimeout(60_000);
const stage = PollingStage.forFile();

const INSTANCE = '{"external_id":"vm-100","public_ip":"198.51.100.7"}';

/** A machine that an agent has made by polling. */
async function running() {
  const { provider, pool, agent, accepted, contractId } = await stage.offered();
  await agent.report(contractId, 'provisioned', plainDetails({ root_password: null }));
  await stage.saidOnce(facts.machineProvisioned, contractId);
  stage.contractStates.set(contractId, { status: 'active', instanceDetails: INSTANCE });
  const other = await PollingAgent.join(stage, provider, pool.poolId);
  return { provider, agent, other, accepted, contractId };
}

type Wanted = FactInput<typeof facts.machineOperationRequested>;
const want = async (
  { accepted }: { accepted: ReturnType<Stage['accepted']> },
  changes: Pick<Wanted, 'kind'> & Partial<Wanted>,
) => {
  const { contractId, requesterPublicKey, requesterAccountId, providerPublicKey } = accepted;
  const operationId = randomUUID();
  await stage.say(facts.machineOperationRequested, {
    ...{ operationId, contractId, requesterPublicKey, requesterAccountId, providerPublicKey },
    ...{ encryptionPublicKeys: [], atNs: stage.clock(), ...changes },
  });
  return operationId;
};

test('a password reset: listed in both spellings, sealed for every key that was asked for, done once', async () => {
  const rented = await running();
  const { agent, other, accepted, contractId } = rented;
  expect(await agent.resets()).toEqual([]);
  const tenants = [generateKeyPair(), generateKeyPair()];
  const encryptionPublicKeys = tenants.map(({ publicKeyHex }) => publicKeyHex);
  const operationId = await want(rented, { kind: 'reset-password', encryptionPublicKeys });
  const [listed] = await eventually(async () => {
    const list = await agent.resets();
    return list.length === 1 && list;
  });
  expect(listed).toEqual({
    contract_id: contractId,
    contractId,
    requester_pubkey: accepted.requesterPublicKey,
    provider_pubkey: accepted.providerPublicKey,
    requester_ssh_pubkey: 'ssh-ed25519 AAAA',
    requesterSshPubkey: 'ssh-ed25519 AAAA',
    offering_id: 'small',
    status: 'active',
    provisioning_instance_details: INSTANCE,
    provisioningInstanceDetails: INSTANCE,
    password_reset_requested_at_ns: expect.any(BigInt),
  });
  expect(await agent.rotations()).toEqual([]);
  expect(await other.resets()).toEqual([]);
  await expect(other.password(contractId, { newPassword: 'x' })).rejects.toMatchObject({ code: 'CONFLICT' });

  const secret = `N3w-${hex64().slice(0, 16)}`;
  expect(await agent.password(contractId, { newPassword: secret })).toBe('Password updated successfully');
  const finished = await stage.saidOnce(facts.machineOperationFinished, contractId);
  expect(finished).toMatchObject({ operationId, kind: 'reset-password', outcome: 'done', generation: 1 });
  expect(finished.credentials).toHaveLength(2);
  for (const [index, { seed }] of tenants.entries()) {
    const envelope = finished.credentials[index]?.envelope ?? '';
    expect(openCredential({ seed, envelope, contractId })).toBe(secret);
  }
  expect(await agent.resets()).toEqual([]);
  await expect(agent.password(contractId, { newPassword: secret })).rejects.toMatchObject({
    reason: 'TRANSITION_NOT_ALLOWED',
  });
  for (const table of ['machine_operation', 'machine', 'messaging.outbox']) {
    expect(await stage.query(`select 1 from ${table} t where t::text like $1`, [`%${secret}%`])).toEqual([]);
  }
  expect(stage.said(facts.machineOperationFinished, contractId)).toHaveLength(1);
});

test('an SSH key rotation: the new key is listed, then it is the key of the machine', async () => {
  const rented = await running();
  const { agent, contractId } = rented;
  const sshPublicKey = 'ssh-ed25519 BBBB new';
  const operationId = await want(rented, { kind: 'rotate-ssh-key', sshPublicKey });
  const [listed] = await eventually(async () => {
    const list = await agent.rotations();
    return list.length === 1 && list;
  });
  expect(listed).toEqual({
    contract_id: contractId,
    contractId,
    requester_ssh_pubkey: sshPublicKey,
    requesterSshPubkey: sshPublicKey,
    provisioning_instance_details: INSTANCE,
    provisioningInstanceDetails: INSTANCE,
  });
  expect(await agent.rotated(contractId)).toBe('SSH key rotation completed successfully');
  expect(await stage.saidOnce(facts.machineOperationFinished, contractId)).toMatchObject({
    operationId,
    kind: 'rotate-ssh-key',
    outcome: 'done',
    credentials: [],
  });
  expect(await agent.rotations()).toEqual([]);
  const [row] = await stage.query<{ keys: string[] }>(
    `select array(select jsonb_array_elements_text(spec -> 'sshPublicKeys')) as keys from assignment where contract_id = $1`,
    [contractId],
  );
  expect(row?.keys).toEqual([sshPublicKey]);
});

test('the provider in person: lists and reports for its polling agents; with either spelling', async () => {
  const rented = await running();
  const { agent, provider, contractId } = rented;
  const { publicKeyHex, seed } = generateKeyPair();
  await want(rented, { kind: 'reset-password', encryptionPublicKeys: [publicKeyHex] });
  await eventually(async () => (await agent.resets(user(provider))).length === 1);
  await agent.password(contractId, { new_password: 'spelt otherwise' }, user(provider));
  const { credentials } = await stage.saidOnce(facts.machineOperationFinished, contractId);
  const envelope = credentials[0]?.envelope ?? '';
  expect(openCredential({ seed, envelope, contractId })).toBe('spelt otherwise');
});

test('not for strangers, not without permission, not with nonsense; a refused report changes nothing', async () => {
  const rented = await running();
  const { agent, contractId } = rented;
  const stranger = (await running()).agent;
  await want(rented, { kind: 'reset-password', encryptionPublicKeys: [generateKeyPair().publicKeyHex] });
  await eventually(async () => (await agent.resets()).length === 1);
  const foreign = stranger.caller();
  for (const ask of [() => agent.resets(foreign), () => agent.rotations(foreign)]) {
    await expect(ask()).rejects.toMatchObject({ message: 'Agent is not delegated by this provider' });
  }
  for (const ask of [() => agent.resets(user(hex64())), () => agent.rotations(user(hex64()))]) {
    await expect(ask()).rejects.toMatchObject({ reason: 'NOT_OWNER' });
  }
  for (const caller of [foreign, user(hex64())]) {
    const ask = agent.password(contractId, { newPassword: 'x' }, caller);
    await expect(ask).rejects.toMatchObject({ reason: 'CONTRACT_NOT_FOUND' });
    await expect(agent.rotated(contractId, caller)).rejects.toMatchObject({ reason: 'CONTRACT_NOT_FOUND' });
  }
  const only = (...permissions: ('provision' | 'fetch_contracts')[]): Caller => agent.caller(permissions);
  for (const ask of [
    () => agent.resets(only('provision')),
    () => agent.rotations(only('provision')),
    () => agent.password(contractId, { newPassword: 'x' }, only('fetch_contracts')),
    () => agent.rotated(contractId, only('fetch_contracts')),
  ]) {
    await expect(ask()).rejects.toMatchObject({ reason: 'PERMISSION_MISSING' });
  }
  for (const body of [{}, { newPassword: '' }, { newPassword: 'a\0b' }, { newPassword: 'x'.repeat(2_000) }]) {
    await expect(agent.password(contractId, body)).rejects.toMatchObject({ code: 'INVALID' });
  }
  await expect(agent.rotated(contractId)).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(await agent.resets()).toHaveLength(1);
  expect(stage.said(facts.machineOperationFinished, contractId)).toEqual([]);
});
