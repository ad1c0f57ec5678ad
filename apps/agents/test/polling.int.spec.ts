import { generateKeyPair, openCredential } from '@decent-cloud/identity';
import { secondsToNs } from '@decent-cloud/kernel';
import { facts } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { hex64 } from './people.ts';
import { PASSWORD, plainDetails } from './polling-agent.ts';
import { PollingStage } from './polling-stage.ts';

jest.setTimeout(60_000);
const stage = PollingStage.forFile();

const machineOf = async (contractId: string, generation = 1) => {
  const [row] = await stage.query<{ state: string; desired: string; lease: bigint | null }>(
    `select state, desired, lease_expires_at_ns as lease from machine where contract_id = $1 and generation = $2`,
    [contractId, generation],
  );
  return row;
};

describe('a rental by an agent that polls', () => {
  test('beats, sees it, locks, makes, reports with a plain password, unlocks, checks, is told to terminate, has', async () => {
    const tenants = [generateKeyPair(), generateKeyPair()];
    const { provider, agent, accepted, contractId, pending } = await stage.offered({
      encryptionPublicKeys: tenants.map(({ publicKeyHex }) => publicKeyHex),
      spec: {
        offeringId: 'small',
        cpuCores: 2,
        memoryMb: 2_048,
        storageGb: 20,
        sshPublicKeys: ['ssh-ed25519 AAAA', 'ssh-ed25519 BBBB'],
        provisionerType: 'docker',
        provisionerConfig: '{"image":"debian"}',
        postProvisionScript: '#!/bin/sh\ntrue',
      },
    });
    expect(pending).toEqual({
      contract_id: contractId,
      offering_id: 'small',
      requester_ssh_pubkey: 'ssh-ed25519 AAAA',
      cpu_cores: 2n,
      memory_amount: '2048 MB',
      storage_capacity: '20 GB',
      provisioner_type: 'docker',
      provisioner_config: '{"image":"debian"}',
      post_provision_script: '#!/bin/sh\ntrue',
    });

    const before = stage.clock();
    const locked = await agent.lock(contractId);
    expect(locked).toEqual({ success: true, data: { acquired: true, expiresAtNs: expect.any(BigInt) } });
    const lease = locked.data.expiresAtNs - before;
    expect(lease).toBeGreaterThanOrEqual(secondsToNs(300));
    expect(lease).toBeLessThan(secondsToNs(330));
    expect(await agent.pending()).toEqual([]);
    expect((await agent.lock(contractId)).data.acquired).toBe(true);
    expect(await stage.saidOnce(facts.provisioningStarted, contractId)).toMatchObject({
      generation: 1,
      agentPublicKey: agent.publicKey,
    });

    expect(await agent.report(contractId, 'provisioning', '')).toBe('Provisioning status updated');
    for (let time = 0; time < 2; time++) {
      expect(await agent.report(contractId, 'provisioned', plainDetails())).toBe(
        'Provisioning status updated',
      );
    }
    expect(await agent.unlock(contractId)).toBe(true);
    expect(await agent.pending()).toEqual([]);

    const made = await stage.saidOnce(facts.machineProvisioned, contractId);
    expect(made).toMatchObject({
      generation: 1,
      agentPublicKey: agent.publicKey,
      instance: {
        externalId: 'vm-100',
        provisionerType: 'docker',
        publicIp: '198.51.100.7',
        sshPort: 22,
        sshUser: 'root',
        gatewaySlug: 'k7m2p4',
        gatewaySshPort: 20_000,
      },
    });
    expect(made.credentials.map(({ recipientPublicKey }) => recipientPublicKey)).toEqual(
      tenants.map(({ publicKeyHex }) => publicKeyHex),
    );
    for (const [index, { seed }] of tenants.entries()) {
      const envelope = made.credentials[index]?.envelope ?? '';
      expect(openCredential({ seed, envelope, contractId })).toBe(PASSWORD);
      expect(() => openCredential({ seed, envelope, contractId: hex64() })).toThrow();
    }
    expect(JSON.stringify(made.instance)).not.toContain(PASSWORD);
    expect(stage.said(facts.provisioningStarted, contractId)).toHaveLength(1);

    const endsAtNs = stage.clock() + secondsToNs(3_600);
    stage.contractStates.set(contractId, { status: 'active', endsAtNs });
    const kept = { externalId: 'vm-100', contractId, endsAt: endsAtNs };
    expect(await agent.reconcile(contractId)).toEqual({
      keep: [kept],
      terminate: [],
      unknown: [],
      pause: [],
    });
    // Nobody removes a machine because it is not seen.
    await agent.reconcile();
    expect(await machineOf(contractId)).toMatchObject({ state: 'provisioned', desired: 'running' });
    await expect(agent.terminated(contractId)).rejects.toMatchObject({ reason: 'TRANSITION_NOT_ALLOWED' });

    await stage.say(facts.contractEnded, stage.ended(accepted));
    const told = await eventually(async () => {
      const answer = await agent.reconcile(contractId);
      return answer.terminate.length === 1 && answer;
    });
    expect(told).toEqual({
      keep: [],
      terminate: [{ externalId: 'vm-100', contractId, reason: 'cancelled' }],
      unknown: [],
      pause: [],
    });
    expect(stage.said(facts.machineRemoved, contractId)).toEqual([]);
    expect([await agent.terminated(contractId), await agent.terminated(contractId)]).toEqual([true, true]);
    expect(await stage.saidOnce(facts.machineRemoved, contractId)).toMatchObject({
      generation: 1,
      agentPublicKey: agent.publicKey,
    });
    await agent.reconcile();
    expect(stage.said(facts.machineRemoved, contractId)).toHaveLength(1);
    expect(stage.said(facts.machineProvisioned, contractId)).toHaveLength(1);
    expect(provider).toBe(agent.provider);
  });

  test('the password is nowhere in the database, nor in what was said', async () => {
    const { agent, contractId } = await stage.offered({
      encryptionPublicKeys: [generateKeyPair().publicKeyHex],
    });
    const secret = `S3cret-${hex64().slice(0, 12)}`;
    await agent.lock(contractId);
    const details = plainDetails({ root_password: secret, additional_details: `root:${secret}` });
    await agent.report(contractId, 'provisioned', details);
    const made = await stage.saidOnce(facts.machineProvisioned, contractId);
    expect(made.credentials).toHaveLength(1);
    const tables = await stage.query<{ name: string }>(
      `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
       where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
    );
    expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(['public.machine']));
    for (const { name } of tables) {
      const found = await stage.query(`select 1 from ${name} t where t::text like $1`, [`%${secret}%`]);
      expect({ name, found }).toEqual({ name, found: [] });
    }
    expect(
      JSON.stringify(made, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
    ).not.toContain(secret);
  });

  test('it could not be made: the contract has failed, once, with what the agent says', async () => {
    const { agent, accepted, contractId } = await stage.offered();
    await agent.lock(contractId);
    await agent.report(contractId, 'provisioning');
    for (const word of ['provisioning_failed', 'provisioningfailed']) {
      await agent.report(contractId, word, 'no template 9000');
    }
    await agent.unlock(contractId);
    expect(await stage.saidOnce(facts.provisioningFailed, contractId)).toMatchObject({
      reason: 'PROVISIONING_FAILED',
      message: 'no template 9000',
      agentPublicKey: agent.publicKey,
    });
    await expect(agent.report(contractId, 'provisioned', plainDetails())).rejects.toMatchObject({
      reason: 'TRANSITION_NOT_ALLOWED',
    });
    await expect(agent.lock(contractId)).rejects.toMatchObject({ reason: 'TRANSITION_NOT_ALLOWED' });
    await stage.say(facts.contractEnded, { ...stage.ended(accepted), status: 'provisioningfailed' });
    await eventually(async () => (await stage.stateOf(contractId))?.state === 'ended');
    // It reported a machine after all: that one is to go, and only then it is gone.
    stage.advance(60);
    await agent.reconcile();
    expect(stage.said(facts.machineRemoved, contractId)).toEqual([]);
    expect((await agent.reconcile(contractId)).terminate).toHaveLength(1);
    await agent.terminated(contractId);
    await stage.saidOnce(facts.machineRemoved, contractId);
    expect(stage.said(facts.provisioningFailed, contractId)).toHaveLength(1);
  });

  test('cancelled before anybody took it: nothing to remove, and the agent sees it no more', async () => {
    const { agent, accepted, contractId } = await stage.offered();
    await stage.say(facts.contractEnded, stage.ended(accepted));
    await eventually(async () => (await agent.pending()).length === 0);
    await expect(agent.lock(contractId)).rejects.toMatchObject({ reason: 'TRANSITION_NOT_ALLOWED' });
    await agent.reconcile();
    await stage.saidOnce(facts.machineRemoved, contractId);
  });

  test('cancelled while it is made: the report is refused, the machine is to go', async () => {
    const { agent, accepted, contractId } = await stage.offered();
    await agent.lock(contractId);
    await stage.say(facts.contractEnded, stage.ended(accepted));
    await eventually(async () => (await machineOf(contractId))?.desired === 'absent');
    stage.advance(60);
    await agent.reconcile();
    expect(await machineOf(contractId)).toMatchObject({ state: 'claimed' });
    await expect(agent.report(contractId, 'provisioned', plainDetails())).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    await agent.report(contractId, 'provisioning_failed', 'refused');
    await agent.unlock(contractId);
    await agent.reconcile();
    expect(await machineOf(contractId)).toMatchObject({ state: 'claimed' });
    expect((await agent.reconcile(contractId)).terminate).toHaveLength(1);
    // Its word that it has terminated it was lost.
    stage.advance(31);
    await agent.reconcile();
    await stage.saidOnce(facts.machineRemoved, contractId);
    expect(stage.said(facts.machineProvisioned, contractId)).toEqual([]);
    expect(stage.said(facts.provisioningFailed, contractId)).toEqual([]);
  });

  test('paused: stop it, keep it', async () => {
    const { agent, contractId } = await stage.offered();
    await agent.report(contractId, 'provisioned', plainDetails({ root_password: null }));
    expect((await stage.saidOnce(facts.machineProvisioned, contractId)).credentials).toEqual([]);
    stage.contractStates.set(contractId, { status: 'paused' });
    expect((await agent.reconcile(contractId)).pause).toEqual([
      { externalId: 'vm-100', contractId, reason: 'The contract is paused' },
    ]);
  });
});
