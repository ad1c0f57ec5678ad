import { type FactDeclaration, type FactInput, facts } from '@decent-cloud/messages';
import { readSshLogin } from '@decent-cloud/messages/contracts';
import type { MachineChange } from '@decent-cloud/messages/words';
import type { Contract, Step } from './contract.ts';
import { isFinal, type Status } from './status.ts';

/** What others are to hear of a change, in its transaction. */
export interface OutgoingFact {
  readonly declaration: FactDeclaration;
  readonly payload: unknown;
}

export function outgoing<F extends OutgoingFact['declaration']>(
  declaration: F,
  payload: FactInput<F>,
): OutgoingFact {
  return { declaration, payload };
}

export const partiesOf = (contract: Contract) => ({
  requesterPublicKey: contract.tenantPublicKey,
  requesterAccountId: contract.tenantAccountId,
  providerPublicKey: contract.providerPublicKey,
  providerAccountId: contract.providerAccountId ?? undefined,
});

export function statusChanged(
  contract: Contract,
  from: Status | null,
  step: Step,
  atNs: bigint,
): OutgoingFact {
  return outgoing(facts.contractStatusChanged, {
    contractId: contract.contractId,
    version: contract.version,
    from: from ?? undefined,
    to: step.to,
    actor: step.actor,
    reason: step.reason,
    memo: step.memo,
    paymentStatus: contract.paymentStatus,
    isAnswered: step.isAnswered,
    sshLogin: step.to === 'provisioned' ? readSshLogin(contract.instanceDetails ?? {}).login : undefined,
    offeringName: contract.offeringName,
    paymentAmountE9s: contract.priceE9s,
    currency: contract.currency,
    durationHours: contract.durationHours,
    atNs,
    ...partiesOf(contract),
  });
}

/** The money is there, and the provider owes an answer. */
export function requested(contract: Contract, atNs: bigint): OutgoingFact {
  return outgoing(facts.rentalRequested, {
    contractId: contract.contractId,
    version: contract.version,
    status: contract.status,
    offeringName: contract.offeringName,
    paymentAmountE9s: contract.priceE9s,
    currency: contract.currency,
    durationHours: contract.durationHours,
    atNs,
    ...partiesOf(contract),
  });
}

export function accepted(contract: Contract, atNs: bigint): OutgoingFact {
  return outgoing(facts.contractAccepted, {
    contractId: contract.contractId,
    version: contract.version,
    ...partiesOf(contract),
    agentPoolId: contract.agentPoolId ?? undefined,
    datacenterCountry: contract.datacenterCountry,
    durationHours: contract.durationHours,
    spec: contract.machineSpec,
    encryptionPublicKeys: [...contract.encryptionPublicKeys],
    deadlineNs: contract.deadlineAtNs ?? atNs,
    atNs,
  });
}

/** @returns nothing while there is no paid time */
export function paidTime(contract: Contract, atNs: bigint): OutgoingFact | undefined {
  const { contractId, version, endsAtNs } = contract;
  return endsAtNs === null
    ? undefined
    : outgoing(facts.paidTimeChanged, { contractId, version, endsAtNs, atNs });
}

export function ended(contract: Contract, atNs: bigint): OutgoingFact {
  const { status, refundDueE9s, earnedE9s } = contract;
  if (!isFinal(status) || refundDueE9s === null || earnedE9s === null) {
    throw new Error(`contract ${contract.contractId} is ${status}: it has not ended`);
  }
  return outgoing(facts.contractEnded, {
    contractId: contract.contractId,
    version: contract.version,
    status,
    reason: contract.endReason ?? undefined,
    ...partiesOf(contract),
    holdId: contract.operationId,
    offeringDbId: contract.offeringDbId,
    paymentMethod: contract.paymentMethod,
    paidE9s: contract.paidE9s,
    refundE9s: refundDueE9s,
    earnedE9s,
    currency: contract.currency,
    atNs,
  });
}

/** @param downSinceNs since when it was down before this change */
export function machineChanged(
  contract: Contract,
  change: MachineChange,
  downSinceNs: bigint | null,
  atNs: bigint,
): OutgoingFact {
  return outgoing(facts.contractMachineChanged, {
    contractId: contract.contractId,
    change,
    downSinceNs: contract.machineDownSinceNs ?? downSinceNs ?? undefined,
    offeringName: contract.offeringName,
    atNs,
    ...partiesOf(contract),
  });
}

/** Another machine on the terms of the lost one. */
export function machineWantedAgain(contract: Contract, atNs: bigint): OutgoingFact {
  const { contractId, version, machineGeneration, deadlineAtNs } = contract;
  return outgoing(facts.machineWantedAgain, {
    contractId,
    version,
    generation: machineGeneration,
    deadlineNs: deadlineAtNs ?? atNs,
    atNs,
  });
}
