import { facts } from '@decent-cloud/messages';
import {
  HOUR,
  LIMITS,
  PROVIDER_ACCOUNT,
  PROVIDER_KEY,
  SSH_KEY,
  sampleContract,
  T0,
  TENANT_ACCOUNT,
  TENANT_KEY,
  TENANT_OTHER_KEY,
} from '../../../test/sample-contract.ts';
import { advance, andThen, open } from './advance.ts';
import type { Change, Contract } from './contract.ts';
import {
  accept,
  cancel,
  charged,
  chargeRefused,
  paidWithoutCharge,
  refunded,
  reject,
  stockReleased,
  unpaidStep,
} from './decide.ts';
import { isFinal, lifecycle } from './status.ts';

const NOW = T0 + 3n * HOUR;
const PRICE = 10_000_000_000n;
const by = { publicKey: TENANT_KEY, memo: 'why' };
const charge = { amountE9s: PRICE, currency: 'USD' };
const does = (contract: Contract, change: Change | undefined) => advance(contract, change ?? {}, NOW, LIMITS);
const subjects = (published: readonly { declaration: { subject: string } }[]) =>
  published.map(({ declaration }) => declaration.subject.split('.').at(-1));

describe('a new contract', () => {
  it('is written with history, event and fact', () => {
    const opened = open(sampleContract('requested', { version: 1 }), LIMITS);
    expect(opened.contract.deadlineAtNs).toBe(T0 + LIMITS.requestedNs);
    expect(opened.history).toEqual([
      { version: 1, oldStatus: null, newStatus: 'requested', changedBy: TENANT_KEY, memo: null },
    ]);
    expect(opened.events).toEqual([
      { eventType: 'status_change', oldStatus: null, newStatus: 'requested', actor: 'tenant', details: null },
    ]);
    expect(subjects(opened.facts)).toEqual(['contract-status-changed']);
  });

  it('that is free is accepted in the same write', () => {
    const free = sampleContract('requested', { version: 1, priceE9s: 0n });
    const both = andThen(open(free, LIMITS), paidWithoutCharge(free, NOW), NOW, LIMITS);
    expect(both.before).toBeNull();
    expect(both.contract).toMatchObject({
      status: 'accepted',
      version: 2,
      paymentStatus: 'succeeded',
      paidE9s: 0n,
    });
    expect(both.history.map((entry) => entry.version)).toEqual([1, 2]);
    expect(subjects(both.facts)).toEqual([
      'contract-status-changed',
      'contract-status-changed',
      'contract-accepted',
    ]);
  });
});

describe('a charge', () => {
  it('accepts where the provider has said so beforehand', () => {
    const {
      contract,
      facts: published,
      events,
    } = does(sampleContract('requested'), charged(sampleContract('requested'), charge, NOW));
    expect(contract).toMatchObject({
      status: 'accepted',
      paymentStatus: 'succeeded',
      paidE9s: PRICE,
      paidAtNs: NOW,
      acceptedAtNs: NOW,
      deadlineAtNs: NOW + LIMITS.provisioningNs,
    });
    expect(events.map((event) => event.eventType)).toEqual(['payment_confirmed', 'status_change']);
    const acceptedFact = published.find(({ declaration }) => declaration === facts.contractAccepted);
    expect(acceptedFact?.payload).toMatchObject({
      requesterAccountId: TENANT_ACCOUNT,
      providerAccountId: PROVIDER_ACCOUNT,
      datacenterCountry: 'DE',
      spec: { sshPublicKeys: [SSH_KEY] },
      encryptionPublicKeys: [TENANT_KEY, TENANT_OTHER_KEY],
      deadlineNs: NOW + LIMITS.provisioningNs,
    });
  });

  it('else gives the provider 72 hours', () => {
    const waiting = sampleContract('requested', { autoAccept: false });
    const { contract, facts: published } = does(waiting, charged(waiting, charge, NOW));
    expect(contract).toMatchObject({ status: 'requested', version: 3, deadlineAtNs: NOW + 72n * HOUR });
    expect(published.map(({ declaration }) => declaration.subject)).toEqual([
      'evt.contracts.v1.rental-requested',
    ]);
  });

  it('heard of again changes nothing', () => {
    expect(charged(sampleContract('accepted'), charge, NOW)).toBeUndefined();
    expect(charged(sampleContract('active'), charge, NOW)).toBeUndefined();
  });

  it('of another amount or currency is nothing to guess about', () => {
    const contract = sampleContract('requested');
    expect(() => charged(contract, { ...charge, amountE9s: PRICE - 1n }, NOW)).toThrow('charged were');
    expect(() => charged(contract, { ...charge, currency: 'EUR' }, NOW)).toThrow('charged were');
  });

  it('that comes after the end is noted as all to go back, once', () => {
    const cancelled = does(sampleContract('requested'), cancel(by)).contract;
    expect(cancelled).toMatchObject({ paidE9s: 0n, refundDueE9s: 0n, earnedE9s: 0n });
    const { contract, facts: published, history } = does(cancelled, charged(cancelled, charge, NOW));
    expect(contract).toMatchObject({
      status: 'cancelled',
      paidE9s: PRICE,
      refundDueE9s: PRICE,
      earnedE9s: 0n,
    });
    expect([...published, ...history]).toEqual([]);
    expect(charged(contract, charge, NOW)).toBeUndefined();
  });

  it('refused ends the request', () => {
    const { contract } = does(
      sampleContract('requested'),
      chargeRefused(sampleContract('requested'), 'INSUFFICIENT_BALANCE'),
    );
    expect(contract).toMatchObject({
      status: 'cancelled',
      paymentStatus: 'failed',
      endReason: 'INSUFFICIENT_BALANCE',
      refundDueE9s: 0n,
    });
    expect(chargeRefused(sampleContract('accepted'), 'INSUFFICIENT_BALANCE')).toBeUndefined();
    expect(chargeRefused(contract, 'INSUFFICIENT_BALANCE')).toBeUndefined();
  });
});

describe('an end', () => {
  const paidRequest = (changes: Partial<Contract> = {}) =>
    sampleContract('requested', { paymentStatus: 'succeeded', paidE9s: PRICE, paidAtNs: T0, ...changes });

  it.each([
    ['requested', paidRequest(), PRICE],
    ['accepted', sampleContract('accepted'), PRICE],
    ['provisioning', sampleContract('provisioning'), PRICE],
    ['provisioned', sampleContract('provisioned'), 7_000_000_000n],
    ['active', sampleContract('active'), 7_000_000_000n],
    ['paused', sampleContract('paused'), PRICE],
    ['requested, unpaid', sampleContract('requested'), 0n],
  ] as const)('by the tenant while %s gives back exactly the unused part', (_, contract, refund) => {
    const { contract: after, facts: published } = does(contract, cancel(by));
    expect(subjects(published)).toEqual(['contract-status-changed', 'contract-ended']);
    expect(published[1]?.payload).toEqual({
      contractId: contract.contractId,
      version: contract.version + 1,
      status: 'cancelled',
      reason: 'CANCELLED_BY_TENANT',
      requesterPublicKey: TENANT_KEY,
      requesterAccountId: TENANT_ACCOUNT,
      providerPublicKey: PROVIDER_KEY,
      providerAccountId: PROVIDER_ACCOUNT,
      holdId: contract.operationId,
      offeringDbId: 13n,
      paymentMethod: 'wallet',
      paidE9s: contract.paidE9s,
      refundE9s: refund,
      earnedE9s: contract.paidE9s - refund,
      currency: 'USD',
      atNs: NOW,
    });
    expect(after).toMatchObject({ deadlineAtNs: null, refundDueE9s: refund });
  });

  it('by the provider gives back everything', () => {
    const { contract } = does(
      sampleContract('accepted'),
      reject({ publicKey: PROVIDER_KEY, memo: undefined }),
    );
    expect(contract).toMatchObject({
      status: 'rejected',
      endReason: 'REJECTED_BY_PROVIDER',
      refundDueE9s: PRICE,
      earnedE9s: 0n,
    });
  });

  it('of a test rental moves no money', () => {
    const { facts: published } = does(
      sampleContract('active', { paymentMethod: 'test', paidE9s: 0n }),
      cancel(by),
    );
    expect(published[1]?.payload).toMatchObject({ paidE9s: 0n, refundE9s: 0n, earnedE9s: 0n });
  });

  it.each(lifecycle.finals)('is for good: %s', (status) => {
    const contract = sampleContract(status);
    for (const change of [accept(by), reject(by), cancel(by)]) {
      expect(() => does(contract, change)).toThrow(expect.objectContaining({ code: 'CONFLICT' }));
    }
    expect(isFinal(contract.status)).toBe(true);
  });
});

describe('a refund', () => {
  it('is noted once', () => {
    const ended = does(sampleContract('active'), cancel(by)).contract;
    const { contract } = does(ended, refunded(ended, { amountE9s: 7n, atNs: NOW }));
    expect(contract).toMatchObject({
      paymentStatus: 'refunded',
      refundAmountE9s: 7n,
      refundCreatedAtNs: NOW,
    });
    expect(refunded(contract, { amountE9s: 8n, atNs: NOW })).toBeUndefined();
  });

  it('heard of before the charge it gives back ends the same', () => {
    const ended = does(sampleContract('requested'), cancel(by)).contract;
    const refundFirst = does(ended, refunded(ended, { amountE9s: PRICE, atNs: NOW })).contract;
    const late = does(refundFirst, charged(refundFirst, charge, NOW)).contract;
    const chargeFirst = does(ended, charged(ended, charge, NOW)).contract;
    const inOrder = does(chargeFirst, refunded(chargeFirst, { amountE9s: PRICE, atNs: NOW })).contract;
    expect(late).toEqual(inOrder);
  });

  it('of a rental that has not ended is refused', () => {
    expect(() => refunded(sampleContract('active'), { amountE9s: 1n, atNs: NOW })).toThrow(
      expect.objectContaining({ code: 'CONFLICT' }),
    );
  });
});

test.each([
  ['nothing in the books, in time', 0n, 0n, 'charge'],
  ['nothing in the books, at the deadline', 0n, HOUR, 'expire'],
  ['money in the books, in time', PRICE, 0n, 'confirm'],
  ['money in the books, too late', PRICE, 2n * HOUR, 'confirm'],
])('an unpaid contract with %s', (_, chargedE9s, passedNs, step) => {
  expect(unpaidStep(sampleContract('requested'), chargedE9s, T0 + passedNs)).toBe(step);
});

describe('a unit given back', () => {
  const ended = sampleContract('cancelled');
  const back = { holdId: ended.operationId, atNs: NOW };

  it('is noted once', () => {
    const { contract } = does(ended, stockReleased(ended, back));
    expect(contract).toEqual({ ...ended, stockReleasedAtNs: NOW });
    expect(stockReleased(contract, { ...back, atNs: NOW + 1n })).toBeUndefined();
  });

  it('for a living rental, or another hold, is believed by nobody', () => {
    const refused = 'was given back';
    expect(() => stockReleased(sampleContract('active'), back)).toThrow(refused);
    expect(() => stockReleased(ended, { ...back, holdId: TENANT_ACCOUNT })).toThrow(refused);
  });
});
