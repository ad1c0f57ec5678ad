import { AGENT_KEY, HOUR, LIMITS, sampleContract, T0, TENANT_KEY } from '../../../test/sample-contract.ts';
import { advance } from './advance.ts';
import type { Change, Contract } from './contract.ts';
import {
  machineAssigned,
  machineAvailabilityChanged,
  machineProvisioned,
  machineRemoved,
  provisioningFailed,
  provisioningStarted,
} from './machine.ts';
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

describe('a machine that is paid for', () => {
  const running = (changes: Partial<Contract> = {}) => sampleContract('active', changes);
  const stands = (
    contract: Contract,
    availability: 'up' | 'stopped' | 'missing' | 'lost',
    version: number,
    more: { sinceNs?: bigint; downNs?: bigint; generation?: number } = {},
  ) =>
    machineAvailabilityChanged(
      contract,
      { ...fact(contract), version, availability, sinceNs: NOW, downNs: 0n, ...more },
      NOW,
    );
  const saidOf = ({ facts }: ReturnType<typeof advance>) =>
    facts.map(({ declaration }) => declaration.subject.split('.').at(-1));

  it('and does not run is told to both sides, with the time since when nothing is charged', () => {
    const contract = running();
    const done = does(contract, stands(contract, 'missing', 1, { sinceNs: NOW - 15_000_000_000n }));
    expect(done.contract).toMatchObject({
      status: 'active',
      machineAvailability: 'missing',
      machineDownSinceNs: NOW - 15_000_000_000n,
    });
    expect(done.events).toMatchObject([{ eventType: 'machine_missing', actor: 'provider' }]);
    expect(saidOf(done)).toEqual(['contract-machine-changed']);
    const back = does(done.contract, stands(done.contract, 'up', 2, { downNs: 20_000_000_000n }));
    expect(back.contract).toMatchObject({ machineDownSinceNs: null, machineDownNs: 20_000_000_000n });
    expect(back.contract.deadlineAtNs).toBe(contract.endsAtNs);
    expect(saidOf(back)).toEqual(['contract-machine-changed']);
  });

  it('stands as the newest word says, in whatever order words come', () => {
    const contract = running();
    const up = does(contract, stands(contract, 'up', 2, { downNs: 5n }));
    expect(stands(up.contract, 'missing', 1)).toBeUndefined();
    expect(stands(up.contract, 'up', 2)).toBeUndefined();
  });

  it('and is lost ends the rental, with the refund of the time without a machine', () => {
    const contract = running({
      machineAvailability: 'missing',
      availabilityVersion: 1,
      machineDownSinceNs: T0 + HOUR,
    });
    const late = T0 + 3n * HOUR;
    const change = machineAvailabilityChanged(
      contract,
      { ...fact(contract), version: 2, availability: 'lost', sinceNs: T0 + HOUR, downNs: 0n },
      late,
    );
    const done = advance(contract, change ?? {}, late, LIMITS);
    expect(done.contract).toMatchObject({
      status: 'cancelled',
      endReason: 'MACHINE_LOST',
      refundDueE9s: 9_000_000_000n,
      earnedE9s: 1_000_000_000n,
    });
    expect(saidOf(done)).toEqual(['contract-status-changed', 'contract-ended']);
  });

  it('and is lost is made again if the tenant wants that, until the paid time is over', () => {
    const contract = running({ whenMachineLost: 'make-again' });
    const done = does(contract, stands(contract, 'lost', 1));
    expect(done.contract).toMatchObject({ status: 'active', machineWantedAgainAtNs: NOW });
    expect(done.contract.deadlineAtNs).toBe(NOW + LIMITS.provisioningNs);
    expect(saidOf(done)).toEqual(['contract-machine-changed', 'machine-wanted-again']);
    expect(done.facts.at(-1)?.payload).toMatchObject({
      generation: 1,
      deadlineNs: NOW + LIMITS.provisioningNs,
    });
    const failed = does(done.contract, provisioningFailed(done.contract, failure(done.contract)));
    expect(failed.contract).toMatchObject({ status: 'cancelled', endReason: 'MACHINE_LOST' });
    const over = running({ whenMachineLost: 'make-again', endsAtNs: NOW - 1n });
    expect(does(over, stands(over, 'lost', 1)).contract.status).toBe('cancelled');
  });

  it('and is made again, or reached in another way, shows how it is reached now; an older word does not', () => {
    const contract = running({ whenMachineLost: 'make-again' });
    const lost = does(contract, stands(contract, 'lost', 1)).contract;
    const again = does(lost, machineProvisioned(lost, machine(lost, 2), NOW));
    expect(again.events).toMatchObject([{ eventType: 'machine_made_again' }]);
    expect(again.contract).toMatchObject({ machineGeneration: 2, machineWantedAgainAtNs: null, attempts: 2 });
    expect(again.contract.instanceDetails).toMatchObject({ public_ip: '192.0.2.10' });
    expect(again.credentials).toHaveLength(1);
    expect(again.contract.endsAtNs).toBe(contract.endsAtNs);
    const moved = does(contract, machineProvisioned(contract, machine(contract), NOW));
    expect(moved.events).toMatchObject([{ eventType: 'machine_moved' }]);
    expect(machineProvisioned(moved.contract, machine(moved.contract), NOW)).toBeUndefined();
    const old = { ...machine(moved.contract), atNs: T0 - 1n };
    expect(machineProvisioned(moved.contract, old, NOW)).toBeUndefined();
  });

  it('changes nothing of what has ended', () => {
    for (const status of lifecycle.states.filter(isFinal)) {
      const contract = sampleContract(status);
      expect([status, stands(contract, 'lost', 9)]).toEqual([status, undefined]);
    }
  });
});
