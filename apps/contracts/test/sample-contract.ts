import { NS_PER_HOUR, NS_PER_SECOND } from '@decent-cloud/kernel';
import type { Contract, Limits } from '../src/contract/domain/contract.ts';
import { isFinal, needsPayment, type Status } from '../src/contract/domain/status.ts';

export const TENANT_KEY = '03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8';
export const TENANT_OTHER_KEY = '8c2f0f1a3b5d7e9f8c2f0f1a3b5d7e9f8c2f0f1a3b5d7e9f8c2f0f1a3b5d7e9f';
export const PROVIDER_KEY = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
export const AGENT_KEY = '14ac3e4c83f9c78fa47698acf3b8d1541ac5b6afc7bf611eb81b647e0ec787b3';
export const STRANGER_KEY = '65ddddd0c8ffb15fc27a9f58a2758a2b34ebfa59046c6d3c81f9c97132ad2e9e';
export const TENANT_ACCOUNT = '6e5dbd89f8f145f0945b316f5d1d4a03';
export const PROVIDER_ACCOUNT = 'c6fa341f99634d12ae3e94f7e4348ed1';
export const SSH_KEY =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4 alice';

export const T0 = 1_795_414_881_239_000_000n;
export const HOUR = NS_PER_HOUR;

export const LIMITS: Limits = {
  requestedNs: 3_600n * NS_PER_SECOND,
  pendingNs: 1_800n * NS_PER_SECOND,
  responseNs: 72n * HOUR,
  provisioningNs: 3_600n * NS_PER_SECOND,
  settleInNs: 900n * NS_PER_SECOND,
};

/** A rental of 10 hours for 10.00 USD in any status, as it would be there. */
export function sampleContract(status: Status, changes: Partial<Contract> = {}): Contract {
  const paid = needsPayment(status);
  const running = status === 'provisioned' || status === 'active' || status === 'paused';
  return {
    contractId: '5887946279a88a3b2556db6933faddb6ad6d865d52009d19fcdcb998312c8841',
    operationId: '0190a5b0-7c1d-7e3a-8f00-000000000001',
    version: 3,
    status,
    statusUpdatedAtNs: T0,
    statusUpdatedBy: 'system',
    deadlineAtNs: isFinal(status) ? null : T0 + HOUR,
    tenantPublicKey: TENANT_KEY,
    tenantAccountId: TENANT_ACCOUNT,
    tenantSshPublicKey: SSH_KEY,
    tenantContact: 'email:alice@example.com',
    providerPublicKey: PROVIDER_KEY,
    providerAccountId: PROVIDER_ACCOUNT,
    offeringDbId: 13n,
    offeringId: 'small-vps',
    offeringName: 'Small VPS',
    agentPoolId: null,
    datacenterCountry: 'DE',
    machineSpec: { offeringId: 'small-vps', sshPublicKeys: [SSH_KEY] },
    encryptionPublicKeys: [TENANT_KEY, TENANT_OTHER_KEY],
    autoAccept: true,
    priceE9s: 10_000_000_000n,
    currency: 'USD',
    paymentMethod: 'wallet',
    paymentStatus: paid ? 'succeeded' : 'pending',
    paidE9s: paid ? 10_000_000_000n : 0n,
    paidAtNs: paid ? T0 : null,
    refundDueE9s: isFinal(status) ? 0n : null,
    earnedE9s: isFinal(status) ? 0n : null,
    refundAmountE9s: null,
    refundCreatedAtNs: null,
    durationHours: 10,
    originalDurationHours: 10,
    requestMemo: '',
    buyerAddress: null,
    operatingSystem: null,
    createdAtNs: T0,
    stockHeldAtNs: T0,
    requestedAtNs: T0,
    acceptedAtNs: paid ? T0 : null,
    attempts: paid ? 1 : 0,
    agentAssignedAtNs: paid ? T0 : null,
    attemptStartedAtNs: paid ? T0 : null,
    machineMadeAtNs: running ? T0 : null,
    provisioningCompletedAtNs: running ? T0 : null,
    endsAtNs: running ? T0 + 10n * HOUR : null,
    pausedAtNs: status === 'paused' ? T0 : null,
    totalPausedNs: 0n,
    machineGeneration: paid ? 1 : 0,
    instanceDetails: running
      ? { external_id: 'dc-1', provisioner_type: 'docker', ssh_port: 2222, ssh_user: 'root' }
      : null,
    endReason: null,
    failureMessage: null,
    terminatedAtNs: null,
    stockReleasedAtNs: null,
    machineAvailability: 'up',
    availabilityVersion: 0,
    machineDownSinceNs: null,
    machineDownNs: 0n,
    instanceAtNs: running ? T0 : null,
    whenMachineLost: 'end',
    machineWantedAgainAtNs: null,
    passwordResetRequestedAtNs: null,
    sshKeyRotationRequestedAtNs: null,
    ...changes,
  };
}
