import { AGENT_KEY, HOUR, LIMITS, sampleContract, T0, TENANT_KEY } from '../../../test/sample-contract.ts';
import { does, fact, failure, machine, NOW } from '../../../test/sample-machine.ts';
import { advance } from './advance.ts';
import type { Change, Contract } from './contract.ts';
import {
  machineAssigned,
  machineProvisioned,
  machineRemoved,
  provisioningFailed,
  provisioningStarted,
} from './machine.ts';
import { isFinal, lifecycle } from './status.ts';

const fresh = (changes: Partial<Contract> = {}) =>
  sampleContract('accepted', { machineGeneration: 0, ...changes });

describe('a machine', () => {
  it('that is begun makes the contract provisioning, with the deadline that it had', () => {
    const contract = { ...fresh(), deadlineAtNs: T0 + LIMITS.provisioningNs };
    const { contract: after } = does(contract, provisioningStarted(contract, fact(contract)));
    expect(after).toMatchObject({
      status: 'provisioning',
      machineGeneration: 1,
      deadlineAtNs: T0 + LIMITS.provisioningNs,
    });
    expect(provisioningStarted(after, fact(after))).toBeUndefined();
  });

  it.each(['accepted', 'provisioning'] as const)(
    'that is ready goes all legal steps from %s at once',
    (status) => {
      const contract = sampleContract(status);
      const {
        contract: after,
        history,
        credentials,
        facts,
      } = does(contract, machineProvisioned(contract, machine(contract), NOW));
      const steps =
        status === 'accepted' ? ['provisioning', 'provisioned', 'active'] : ['provisioned', 'active'];
      expect(history.map((entry) => entry.newStatus)).toEqual(steps);
      expect(history.map((entry) => entry.version)).toEqual(steps.map((_, index) => 4 + index));
      expect(facts).toHaveLength(steps.length + 1);
      expect(facts.at(-1)).toMatchObject({
        declaration: { subject: 'evt.contracts.v1.paid-time-changed' },
        payload: { version: after.version, endsAtNs: NOW + 10n * HOUR },
      });
      expect(after).toMatchObject({
        status: 'active',
        provisioningCompletedAtNs: NOW,
        endsAtNs: NOW + 10n * HOUR,
        deadlineAtNs: NOW + 10n * HOUR,
      });
      expect(after.instanceDetails).toEqual({
        external_id: 'dc-1',
        provisioner_type: 'docker',
        public_ip: '192.0.2.10',
        ssh_port: 2222,
        ssh_user: 'root',
        ssh_host_key: 'ssh-ed25519 AAAA',
      });
      expect(credentials.map((sealed) => sealed.recipientPublicKey)).toEqual([TENANT_KEY]);
      expect(machineProvisioned(after, machine(after), NOW + 1n)).toBeUndefined();
    },
  );

  it('of a provider who wants to be asked waits to be in use', () => {
    const contract = sampleContract('provisioning', { autoAccept: false });
    const { contract: after } = does(contract, machineProvisioned(contract, machine(contract), NOW));
    expect(after).toMatchObject({ status: 'provisioned', deadlineAtNs: NOW + LIMITS.settleInNs });
  });

  it('that cannot be made ends the contract with all money back', () => {
    const contract = sampleContract('provisioning');
    const { contract: after } = does(contract, provisioningFailed(contract, failure(contract)));
    expect(after).toMatchObject({
      status: 'provisioningfailed',
      endReason: 'PROVISIONING_FAILED',
      failureMessage: 'no space left',
      refundDueE9s: 10_000_000_000n,
      earnedE9s: 0n,
    });
  });

  it('that is gone is noted once, and only after the end', () => {
    const ended = sampleContract('cancelled', { machineGeneration: 1 });
    const { contract: after } = does(ended, machineRemoved(ended, fact(ended)));
    expect(after.terminatedAtNs).toBe(NOW);
    expect(machineRemoved(after, fact(after))).toBeUndefined();
    expect(machineRemoved(sampleContract('active'), fact(sampleContract('active')))).toBeUndefined();
  });
});

describe('the fence', () => {
  it.each(lifecycle.states)('an older generation changes nothing while %s', (status) => {
    const contract = sampleContract(status, { machineGeneration: 3 });
    expect(provisioningStarted(contract, fact(contract, 2))).toBeUndefined();
    expect(machineProvisioned(contract, machine(contract, 2), NOW)).toBeUndefined();
    expect(provisioningFailed(contract, failure(contract, 2))).toBeUndefined();
    expect(machineRemoved(contract, fact(contract, 2))).toBeUndefined();
  });

  it.each(lifecycle.finals)('nothing that comes late changes a contract that is %s', (status) => {
    const contract = sampleContract(status, { machineGeneration: 1 });
    expect(isFinal(contract.status)).toBe(true);
    expect(provisioningStarted(contract, fact(contract, 2))).toBeUndefined();
    expect(machineProvisioned(contract, machine(contract, 2), NOW)).toBeUndefined();
    expect(provisioningFailed(contract, failure(contract, 2))).toBeUndefined();
  });

  it('a newer generation is remembered without a move', () => {
    const contract = sampleContract('provisioning', { machineGeneration: 1 });
    const { contract: after } = does(contract, provisioningStarted(contract, fact(contract, 2)));
    expect(after).toEqual({ ...contract, machineGeneration: 2, deadlineAtNs: after.deadlineAtNs });
    expect(provisioningFailed(after, failure(after, 1))).toBeUndefined();
  });
});

describe('a job given to an agent', () => {
  const at = (generation: number, seconds: bigint) => ({
    contractId: 'ab'.repeat(32),
    generation,
    agentPublicKey: AGENT_KEY,
    atNs: T0 + seconds,
  });
  const fresh = sampleContract('accepted', {
    attempts: 0,
    agentAssignedAtNs: null,
    attemptStartedAtNs: null,
    machineGeneration: 0,
  });
  const noted = (contract: Contract, change: Change | undefined) =>
    advance(contract, change ?? {}, T0, LIMITS).contract;

  it('is noted, the first time and the newest, and raises the fence', () => {
    const first = noted(fresh, machineAssigned(fresh, at(1, 5n)));
    expect(first).toMatchObject({ attempts: 1, machineGeneration: 1, agentAssignedAtNs: T0 + 5n });
    const second = noted(first, machineAssigned(first, at(2, 9n)));
    expect(second).toMatchObject({
      attempts: 2,
      machineGeneration: 2,
      agentAssignedAtNs: T0 + 5n,
      attemptStartedAtNs: T0 + 9n,
    });
    expect(machineAssigned(second, at(2, 9n))).toBeUndefined();
    expect(machineAssigned(second, at(1, 5n))).toBeUndefined();
  });

  it('is the same in any order', () => {
    const late = noted(fresh, machineAssigned(fresh, at(2, 9n)));
    const both = noted(late, machineAssigned(late, at(1, 5n)));
    expect(both).toMatchObject({
      attempts: 2,
      machineGeneration: 2,
      agentAssignedAtNs: T0 + 5n,
      attemptStartedAtNs: T0 + 9n,
    });
    const begun = noted(fresh, provisioningStarted(fresh, at(2, 20n)));
    expect(begun).toMatchObject({ attempts: 2, attemptStartedAtNs: null });
    expect(noted(begun, machineAssigned(begun, at(2, 9n)))).toMatchObject({ attemptStartedAtNs: T0 + 9n });
  });

  it('of an ended rental is noted without touching the fence', () => {
    const ended = { ...fresh, ...sampleContract('cancelled'), attempts: 0, machineGeneration: 0 };
    expect(machineAssigned(ended, at(1, 5n))).toEqual({
      set: { attempts: 1, agentAssignedAtNs: T0 + 5n, attemptStartedAtNs: T0 + 5n },
    });
  });

  it('does not follow from a failure for want of an agent', () => {
    const none = { ...at(1, 5n), reason: 'NO_AGENT_AVAILABLE' as const, message: 'none' };
    expect(noted(fresh, provisioningFailed(fresh, none)).attempts).toBe(0);
    const broken = { ...none, reason: 'PROVISIONING_FAILED' as const };
    expect(noted(fresh, provisioningFailed(fresh, broken)).attempts).toBe(1);
  });
});
