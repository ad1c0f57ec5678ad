import { Refusal, rentalPriceE9s } from '@decent-cloud/kernel';
import type { Answer, requests } from '@decent-cloud/messages';
import type { Contract } from './contract.ts';
import { contractIdOf, createdAtNsOf } from './contract-id.ts';
import type { MachineSpec } from './contract-parts.ts';
import { assertExpectedPrice } from './expected-price.ts';
import { operatingSystemOf } from './operating-system.ts';
import type { RentalRequest } from './rental-request.ts';

type Tenant = Answer<typeof requests.ensureAccount>;
type Offering = Answer<typeof requests.holdStock>;

/** Who rents what of whom, on which terms. */
export interface Terms {
  readonly operationId: string;
  readonly request: RentalRequest;
  readonly tenantPublicKey: string;
  readonly tenant: Tenant;
  readonly offering: Offering;
  readonly providerAccountId: string | undefined;
}

export interface Agreement extends Terms {
  /** When it was asked for, when the unit was held, and now. */
  readonly askedAtNs: bigint;
  readonly stockHeldAtNs: bigint;
  readonly nowNs: bigint;
}

const INT64_MAX = 2n ** 63n - 1n;
const MAX_ENCRYPTION_KEYS = 20;

/** @throws Refusal when the account has an e-mail address that nobody has confirmed. */
export function assertEmailVerified(tenant: Tenant): void {
  if (tenant.email === undefined || tenant.emailVerified) return;
  throw new Refusal(
    'PRECONDITION',
    'EMAIL_UNVERIFIED',
    'Verify the e-mail address of your account before renting',
  );
}

/** One's own offering, by key or by account, is free. */
export function isSelfRental(agreement: Terms): boolean {
  const { tenantPublicKey, tenant, offering, providerAccountId } = agreement;
  return (
    offering.providerPublicKey === tenantPublicKey ||
    tenant.activePublicKeys.includes(offering.providerPublicKey) ||
    providerAccountId === tenant.accountId
  );
}

/** What this rental costs. @throws Refusal when it is too much to be written, or more than was expected. */
export function agreedPriceE9s(agreement: Terms): bigint {
  const { request, offering } = agreement;
  const amountE9s = isSelfRental(agreement)
    ? 0n
    : rentalPriceE9s(offering.monthlyPriceE9s, request.durationHours);
  if (amountE9s > INT64_MAX) {
    throw new Refusal('INVALID', 'AMOUNT_INVALID', 'The price of so many hours is too large');
  }
  assertExpectedPrice(request.expected, { amountE9s, currency: offering.currency });
  return amountE9s;
}

/** The contract that an agreement makes. Another attempt gets another moment, and so another id. */
export function newContract(agreement: Agreement, attempt = 0): Contract {
  const { operationId, request, tenantPublicKey, tenant, offering } = agreement;
  const priceE9s = agreedPriceE9s(agreement);
  const tenantContact = request.contact ?? (tenant.email === undefined ? '' : `email:${tenant.email}`);
  const createdAtNs = createdAtNsOf(agreement.askedAtNs, operationId) + BigInt(attempt);
  const keys = new Set([tenantPublicKey, ...tenant.activePublicKeys]);
  return {
    contractId: contractIdOf({
      tenantPublicKey,
      providerPublicKey: offering.providerPublicKey,
      offeringId: offering.offeringId,
      tenantSshPublicKey: request.sshPublicKey,
      tenantContact,
      priceE9s,
      requestMemo: request.memo,
      createdAtNs,
    }),
    operationId,
    version: 1,
    status: 'requested',
    statusUpdatedAtNs: createdAtNs,
    statusUpdatedBy: tenantPublicKey,
    deadlineAtNs: null,
    tenantPublicKey,
    tenantAccountId: tenant.accountId,
    tenantSshPublicKey: request.sshPublicKey,
    tenantContact,
    providerPublicKey: offering.providerPublicKey,
    providerAccountId: agreement.providerAccountId ?? null,
    offeringDbId: offering.offeringDbId,
    offeringId: offering.offeringId,
    offeringName: offering.offerName,
    agentPoolId: offering.agentPoolId ?? null,
    datacenterCountry: offering.datacenterCountry,
    machineSpec: machineSpecOf(request, offering),
    encryptionPublicKeys: [...keys].slice(0, MAX_ENCRYPTION_KEYS),
    autoAccept: offering.autoAccept,
    priceE9s,
    currency: offering.currency,
    paymentMethod: request.paymentMethod,
    paymentStatus: 'pending',
    paidE9s: 0n,
    paidAtNs: null,
    refundDueE9s: null,
    earnedE9s: null,
    refundAmountE9s: null,
    refundCreatedAtNs: null,
    durationHours: request.durationHours,
    originalDurationHours: request.durationHours,
    requestMemo: request.memo,
    buyerAddress: request.buyerAddress,
    operatingSystem: operatingSystemOf(request.operatingSystem, offering.operatingSystems),
    createdAtNs,
    stockHeldAtNs: agreement.stockHeldAtNs,
    requestedAtNs: agreement.nowNs,
    acceptedAtNs: null,
    attempts: 0,
    agentAssignedAtNs: null,
    attemptStartedAtNs: null,
    machineMadeAtNs: null,
    provisioningCompletedAtNs: null,
    endsAtNs: null,
    pausedAtNs: null,
    totalPausedNs: 0n,
    machineGeneration: 0,
    instanceDetails: null,
    endReason: null,
    failureMessage: null,
    terminatedAtNs: null,
    stockReleasedAtNs: null,
    machineAvailability: 'up',
    availabilityVersion: 0,
    machineDownSinceNs: null,
    machineDownNs: 0n,
    instanceAtNs: null,
    whenMachineLost: request.whenMachineLost,
    machineWantedAgainAtNs: null,
    passwordResetRequestedAtNs: null,
    sshKeyRotationRequestedAtNs: null,
  };
}

/** Free and test rentals move no money. */
export const needsCharge = (contract: Pick<Contract, 'priceE9s' | 'paymentMethod'>): boolean =>
  contract.priceE9s > 0n && contract.paymentMethod !== 'test';

function machineSpecOf(request: RentalRequest, offering: Offering): MachineSpec {
  return {
    offeringId: offering.offeringId,
    cpuCores: offering.cpuCores,
    memoryMb: offering.memoryMb,
    storageGb: offering.storageGb,
    operatingSystem: operatingSystemOf(request.operatingSystem, offering.operatingSystems) ?? undefined,
    sshPublicKeys: [request.sshPublicKey],
    provisionerType: offering.provisionerType,
    provisionerConfig: offering.provisionerConfig,
    postProvisionScript: offering.postProvisionScript,
  };
}
