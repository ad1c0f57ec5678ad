import { requests } from '@decent-cloud/messages';
import { contractId, PROVIDER, RunningPayments, tenant, USD } from './running-payments.ts';

const payments = RunningPayments.forFile();
const { fundedTenant, balanceOf } = payments;

describe('charging a rental', () => {
  it('moves the price from the wallet into escrow and says so', async () => {
    const alice = await fundedTenant();
    const contract = contractId();
    expect(await payments.charge(alice, contract, 13_888_888n)).toEqual({
      chargedE9s: 13_888_888n,
      balanceE9s: 9_986_111_112n,
    });
    expect(await payments.balance('escrow', contract)).toBe(13_888_888n);
    expect(await payments.said(contract)).toEqual([
      {
        fact: 'rental-charged',
        payload: expect.objectContaining({
          contractId: contract,
          accountId: alice.accountId,
          amountE9s: 13_888_888,
        }),
      },
      {
        fact: 'wallet-changed',
        payload: expect.objectContaining({
          entryType: 'rental_debit',
          amountE9s: -13_888_888,
          balanceE9s: 9_986_111_112,
          reference: contract,
        }),
      },
    ]);
    expect((await payments.wallet(alice)).recentLedger[0]).toMatchObject({
      entryType: 'rental_debit',
      reference: contract,
    });
  });

  it('happens once for each contract and answers the same again, also after other movements', async () => {
    const alice = await fundedTenant();
    const contract = contractId();
    const first = await payments.charge(alice, contract, 3n * USD);
    await payments.topUp(alice, 1);
    expect(await payments.charge(alice, contract, 3n * USD)).toEqual(first);
    expect(await balanceOf(alice)).toBe(8n * USD);
    expect(await payments.said(contract)).toHaveLength(2);
  });

  it('happens once when 20 ask at the same time', async () => {
    const alice = await fundedTenant();
    const contract = contractId();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => payments.charge(alice, contract, USD)),
    );
    expect(new Set(answers.map(({ balanceE9s }) => balanceE9s))).toEqual(new Set([9n * USD]));
    expect(await balanceOf(alice)).toBe(9n * USD);
  });

  it('never spends the same money twice', async () => {
    const alice = await fundedTenant(5);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 12 }, () => payments.charge(alice, contractId(), 2n * USD)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(await balanceOf(alice)).toBe(USD);
  });

  it('refuses when the wallet holds too little, changes nothing, and works after a top-up', async () => {
    const alice = await fundedTenant(1);
    const contract = contractId();
    await expect(payments.charge(alice, contract, USD + 1n)).rejects.toMatchObject({
      code: 'PAYMENT_REQUIRED',
      reason: 'INSUFFICIENT_BALANCE',
      message:
        'Insufficient wallet balance: 1.000000001 USD needed, 1.00 USD available. Top up at /dashboard/wallet',
    });
    expect(await payments.rental(contract)).toBeUndefined();
    expect(await payments.said(contract)).toEqual([]);
    await payments.topUp(alice, 1);
    expect((await payments.charge(alice, contract, USD + 1n)).balanceE9s).toBe(USD - 1n);
  });

  it('refuses a wallet that was never topped up', async () => {
    await expect(payments.charge(tenant(), contractId(), 1n)).rejects.toMatchObject({
      message: expect.stringContaining('Insufficient wallet balance'),
    });
  });

  it('refuses another amount or account for the same contract', async () => {
    const alice = await fundedTenant();
    const contract = contractId();
    await payments.charge(alice, contract, USD);
    await expect(payments.charge(alice, contract, USD + 1n)).rejects.toMatchObject({
      reason: 'IDEMPOTENCY_KEY_REUSED',
    });
    await expect(payments.charge(await fundedTenant(), contract, USD)).rejects.toMatchObject({
      reason: 'IDEMPOTENCY_KEY_REUSED',
    });
    expect(await balanceOf(alice)).toBe(9n * USD);
  });

  it('refuses currencies that wallets do not hold, takes USD in any case', async () => {
    const alice = await fundedTenant();
    await expect(payments.charge(alice, contractId(), USD, 'EUR')).rejects.toMatchObject({
      reason: 'CURRENCY_UNSUPPORTED',
    });
    expect((await payments.charge(alice, contractId(), USD, 'usd')).balanceE9s).toBe(9n * USD);
  });

  it('is for services only', async () => {
    const alice = await fundedTenant();
    const body = { contractId: contractId(), accountId: alice.accountId, amountE9s: 1n, currency: 'USD' };
    await expect(payments.ask(requests.chargeRental, { body }, alice.caller)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });
});

describe('an ended contract', () => {
  it('is settled to the unit, once, however often it is told', async () => {
    const alice = await fundedTenant();
    const contract = contractId();
    const earnedBefore = (await payments.balance('provider_earned', PROVIDER)) ?? 0n;
    await payments.charge(alice, contract, 333_333_333n);
    const ended = payments.ended(alice, contract, {
      paid: 333_333_333n,
      refund: 236_111_110n,
      earned: 97_222_223n,
    });
    await payments.publishEnded(ended);
    await payments.publishEnded(ended);
    await payments.publishEnded({ ...ended, refundE9s: 333_333_333n, earnedE9s: 0n });
    expect(await balanceOf(alice)).toBe(10n * USD - 97_222_223n);
    expect(await payments.balance('escrow', contract)).toBe(0n);
    expect((await payments.balance('provider_earned', PROVIDER)) ?? 0n).toBe(earnedBefore + 97_222_223n);
    expect(await payments.rental(contract)).toEqual({
      state: 'settled',
      charged_e9s: 333_333_333n,
      refunded_e9s: 236_111_110n,
      earned_e9s: 97_222_223n,
    });
    expect((await payments.said(contract)).slice(2)).toEqual([
      {
        fact: 'refund-issued',
        payload: expect.objectContaining({ accountId: alice.accountId, amountE9s: 236_111_110 }),
      },
      {
        fact: 'wallet-changed',
        payload: expect.objectContaining({
          entryType: 'rental_refund',
          amountE9s: 236_111_110,
          balanceE9s: 9_902_777_777,
          reference: contract,
        }),
      },
    ]);
    expect((await payments.wallet(alice)).recentLedger[0]).toMatchObject({ entryType: 'rental_refund' });
  });

  it('that ran to its end refunds nothing and says no refund', async () => {
    const alice = await fundedTenant();
    const contract = contractId();
    await payments.charge(alice, contract, USD);
    await payments.publishEnded(payments.ended(alice, contract, { paid: USD, earned: USD }));
    expect(await balanceOf(alice)).toBe(9n * USD);
    expect(await payments.rental(contract)).toMatchObject({
      state: 'settled',
      refunded_e9s: 0n,
      earned_e9s: USD,
    });
    expect((await payments.said(contract)).map(({ fact }) => fact)).toEqual([
      'rental-charged',
      'wallet-changed',
    ]);
  });

  it('refunds all when the charge overtook the end', async () => {
    const alice = await fundedTenant();
    const contract = contractId();
    await payments.charge(alice, contract, USD);
    await payments.publishEnded(payments.ended(alice, contract, { paid: 0n }));
    expect(await balanceOf(alice)).toBe(10n * USD);
    expect(await payments.rental(contract)).toMatchObject({ state: 'settled', refunded_e9s: USD });
  });

  it('that was never charged can never be charged', async () => {
    const alice = await fundedTenant();
    const contract = contractId();
    await payments.publishEnded(payments.ended(alice, contract, { paid: 0n }));
    await payments.publishEnded(payments.ended(alice, contract, { paid: 0n }));
    await expect(payments.charge(alice, contract, USD)).rejects.toMatchObject({
      reason: 'TRANSITION_NOT_ALLOWED',
    });
    expect(await payments.rental(contract)).toMatchObject({ state: 'void' });
    expect(await balanceOf(alice)).toBe(10n * USD);
  });

  it('keeps the money in escrow when fact and books disagree', async () => {
    const alice = await fundedTenant();
    const contract = contractId();
    await payments.charge(alice, contract, USD);
    const wrong = payments.ended(alice, contract, { paid: USD, refund: USD, earned: 1n });
    await expect(payments.react(wrong)).rejects.toThrow('was charged 1000000000, but ended with');
    expect(await payments.rental(contract)).toMatchObject({ state: 'charged' });
    expect(await payments.balance('escrow', contract)).toBe(USD);
  });

  it('racing with its charge ends with the money back or untouched, never held', async () => {
    const alice = await fundedTenant(100);
    const contracts = Array.from({ length: 20 }, () => contractId());
    await Promise.all(
      contracts.flatMap((contract) => [
        payments.charge(alice, contract, USD).catch((error) => {
          expect(error.reason).toBe('TRANSITION_NOT_ALLOWED');
        }),
        payments.react(payments.ended(alice, contract, { paid: 0n })),
      ]),
    );
    expect(await balanceOf(alice)).toBe(100n * USD);
    for (const contract of contracts) {
      expect(['settled', 'void']).toContain((await payments.rental(contract))?.state);
      expect((await payments.balance('escrow', contract)) ?? 0n).toBe(0n);
    }
  });
});

describe('what the books say about rentals', () => {
  it('leaves out contracts without a charge', async () => {
    const alice = await fundedTenant();
    const [held, settled, tombstone] = [contractId(), contractId(), contractId()];
    await payments.charge(alice, held, USD);
    await payments.charge(alice, settled, USD);
    await payments.publishEnded(
      payments.ended(alice, settled, { paid: USD, refund: 400_000_000n, earned: 600_000_000n }),
    );
    await payments.publishEnded(payments.ended(alice, tombstone, { paid: 0n }));
    const answer = await payments.ask(requests.rentalPayments, {
      body: { contractIds: [held, settled, tombstone, contractId()] },
    });
    expect(answer.payments).toHaveLength(2);
    expect(answer.payments).toEqual(
      expect.arrayContaining([
        { contractId: held, chargedE9s: USD, refundedE9s: 0n, settled: false },
        { contractId: settled, chargedE9s: USD, refundedE9s: 400_000_000n, settled: true },
      ]),
    );
  });

  it('is for services only', async () => {
    await expect(
      payments.ask(requests.rentalPayments, { body: { contractIds: [] } }, { kind: 'anonymous' }),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});
