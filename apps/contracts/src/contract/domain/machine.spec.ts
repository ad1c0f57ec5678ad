import { AGENT_KEY, HOUR, LIMITS, sampleContract, T0, TENANT_KEY } from '../../../test/sample-contract.ts';
import { advance } from './advance.ts';
import type { Change, Contract } from './contract.ts';
import { machineProvisioned, machineRemoved, provisioningFailed, provisioningStarted } from './machine.ts';
import { isFinal, lifecycle } from './status.ts';

const NOW = T0 + 60_000_000_000n;
const fact = (contract: Contract, generation = 1) => ({
  contractId: contract.contractId,
  generation,
  agentPublicKey: AGENT_KEY,
  atNs: NOW,
});
const machine = (contract: Contract, generation = 1) => ({
  ...fact(contract, generation),
  instance: {
    externalId: 'dc-1',
    provisionerType: 'docker',
    publicIp: '192.0.2.10',
    sshPort: 2222,
    sshUser: 'root',
    sshHostKey: 'ssh-ed25519 AAAA',
  },
  credentials: [
    { recipientPublicKey: TENANT_KEY, envelope: '{"version":2}' },
    { recipientPublicKey: AGENT_KEY, envelope: '{"version":2}' },
  ],
});
const failure = (contract: Contract, generation = 1) => ({
  ...fact(contract, generation),
  reason: 'PROVISIONING_FAILED' as const,
  message: 'no space left',
});
const does = (contract: Contract, change: Change | undefined) => advance(contract, change ?? {}, NOW, LIMITS);
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
      expect(facts).toHaveLength(steps.length);
      expect(after).toMatchObject({
        status: 'active',
        provisioningCompletedAtNs: NOW,
        endsAtNs: NOW + 10n * HOUR,
        deadlineAtNs: NOW + 10n * HOUR,
      });
      expect(JSON.parse(after.instanceDetails ?? '')).toEqual({
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
