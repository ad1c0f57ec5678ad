import { requests } from '@decent-cloud/messages';
import { getWallet, topUpWallet } from '@decent-cloud/messages/payments';
import { answerRequests, eventually } from '@decent-cloud/testing';
import { contractId, hex, RunningPayments, type Tenant, tenant, USD } from './running-payments.ts';

const payments = RunningPayments.forFile();

const refused = (reason: string, text = '') =>
  expect.objectContaining({ reason, message: expect.stringContaining(text) });

describe('the wallet', () => {
  it('is null before the first top-up', async () => {
    expect(await payments.wallet(tenant())).toEqual({ balanceE9s: null, recentLedger: [] });
  });

  it('of an account is not counted for its keys', async () => {
    const alice = tenant();
    await payments.topUp(alice, 1);
    const heldBy = (publicKey: string) =>
      payments.ask(requests.holdingsOfKeyInPayments, { body: { publicKey } });
    expect(await heldBy(alice.caller.publicKey)).toEqual({
      holdings: [{ what: 'accounts of money', count: 0 }],
    });
  });

  it('shows top-ups, newest first, at once', async () => {
    const alice = tenant();
    expect(await payments.topUp(alice, 25.5)).toEqual({
      checkoutUrl: 'https://example.org/dashboard/wallet?topup=success',
      creditedE9s: 25_500_000_000n,
      balanceE9s: 25_500_000_000n,
    });
    await payments.topUp(alice, 0.01);
    const wallet = await payments.wallet(alice);
    expect(wallet.balanceE9s).toBe(25_510_000_000n);
    expect(wallet.recentLedger).toEqual([
      {
        id: expect.any(BigInt),
        amountE9s: 10_000_000n,
        balanceAfterE9s: 25_510_000_000n,
        entryType: 'topup',
        reference: expect.any(String),
        createdAt: 1_795_414_881n,
      },
      expect.objectContaining({ amountE9s: 25_500_000_000n, balanceAfterE9s: 25_500_000_000n }),
    ]);
  });

  it('shows the newest 20 entries and only its own', async () => {
    const [alice, bob] = [tenant(), tenant()];
    for (let cents = 1; cents <= 22; cents++) await payments.topUp(alice, cents / 100);
    const { recentLedger } = await payments.wallet(alice);
    expect(recentLedger.map(({ amountE9s }) => amountE9s)).toEqual(
      Array.from({ length: 20 }, (_, index) => BigInt(22 - index) * 10_000_000n),
    );
    expect((await payments.wallet(bob)).balanceE9s).toBeNull();
  });

  it('says wallet-changed with the top-up', async () => {
    const alice = tenant();
    await payments.topUp(alice, 3);
    expect(await payments.said(alice.accountId)).toEqual([
      {
        fact: 'wallet-changed',
        payload: expect.objectContaining({
          accountId: alice.accountId,
          entryType: 'topup',
          amountE9s: 3_000_000_000,
          balanceE9s: 3_000_000_000,
        }),
      },
    ]);
  });

  it('is topped up once for each Idempotency-Key, also when the answer was never kept', async () => {
    const alice = tenant();
    await payments.topUp(alice, 5, 'k1');
    await payments.topUp(alice, 5, 'k1');
    expect((await payments.wallet(alice)).balanceE9s).toBe(5n * USD);
    // As after a crash between the effect and the keeping of the answer.
    await payments.service.database.query(
      `update messaging.idempotency_key set answer = null, claimed_until = now() - interval '1 hour' where caller = $1`,
      [alice.caller.publicKey],
    );
    await payments.topUp(alice, 5, 'k1');
    expect((await payments.wallet(alice)).balanceE9s).toBe(5n * USD);
    expect(await payments.said(alice.accountId)).toHaveLength(1);
    await expect(payments.topUp(alice, 6, 'k1')).rejects.toEqual(refused('IDEMPOTENCY_KEY_REUSED'));
  });

  it('counts all of 20 top-ups at the same time', async () => {
    const alice = tenant();
    await Promise.all(Array.from({ length: 20 }, () => payments.topUp(alice, 1)));
    const wallet = await payments.wallet(alice);
    expect(wallet.balanceE9s).toBe(20n * USD);
    expect(wallet.recentLedger.map(({ balanceAfterE9s }) => balanceAfterE9s)).toEqual(
      Array.from({ length: 20 }, (_, index) => BigInt(20 - index) * USD),
    );
  });

  it.each([0, -5, 0.001, 10_000.01])('refuses to be topped up by %d', async (amountUsd) => {
    const alice = tenant();
    await expect(payments.topUp(alice, amountUsd)).rejects.toEqual(refused('AMOUNT_INVALID'));
    expect((await payments.wallet(alice)).balanceE9s).toBeNull();
  });

  it('refuses cards until they are set up', async () => {
    const alice = tenant();
    const input = {
      params: { pubkey: alice.caller.publicKey },
      body: { amountUsd: 5, method: 'stripe' as const },
    };
    await expect(payments.ask(topUpWallet, input, alice.caller)).rejects.toEqual(
      refused('PAYMENT_METHOD_UNAVAILABLE'),
    );
  });

  it('is for signed users only', async () => {
    const input = { params: { pubkey: hex(32) } };
    await expect(payments.ask(getWallet, input, { kind: 'anonymous' })).rejects.toEqual(
      expect.objectContaining({ code: 'UNAUTHENTICATED' }),
    );
  });
});

describe('a key that the gateway knows no account of', () => {
  const key = hex(32);
  const stranger: Tenant = { accountId: hex(16), caller: { kind: 'user', publicKey: key } };

  it('is told to try again while accounts are not there', async () => {
    await expect(payments.topUp(stranger, 5)).rejects.toEqual(refused('SERVICE_UNAVAILABLE'));
    await expect(payments.wallet(stranger)).rejects.toEqual(refused('SERVICE_UNAVAILABLE'));
  });

  it('gets an account with its first top-up, and none by looking', async () => {
    const { connection } = payments;
    const resolve = answerRequests(connection, requests.resolveKey, () => ({ status: 'unknown' as const }));
    const ensure = answerRequests(connection, requests.ensureAccount, () => ({
      accountId: stranger.accountId,
      username: 'user_1',
      emailVerified: false,
      activePublicKeys: [key],
      created: true,
    }));
    // Until the breaker asks again.
    const wallet = await eventually(() => payments.wallet(stranger));
    expect(wallet.balanceE9s).toBeNull();
    expect(ensure.received).toHaveLength(0);
    await payments.topUp(stranger, 5);
    expect(ensure.received).toHaveLength(1);
    resolve.stop();
    const known = answerRequests(connection, requests.resolveKey, () => ({
      status: 'active' as const,
      accountId: stranger.accountId,
    }));
    expect((await payments.wallet(stranger)).balanceE9s).toBe(5n * USD);
    known.stop();
    ensure.stop();
  });
});

describe('in production', () => {
  const production = RunningPayments.forFile({ ENVIRONMENT: 'prod' });

  it('there is no test money, asked for or not', async () => {
    const alice = tenant();
    await expect(production.topUp(alice, 5)).rejects.toEqual(
      refused('PAYMENT_METHOD_UNAVAILABLE', 'Test money does not exist in production'),
    );
    const input = { params: { pubkey: alice.caller.publicKey }, body: { amountUsd: 5 } };
    await expect(production.ask(topUpWallet, input, alice.caller)).rejects.toEqual(
      refused('PAYMENT_METHOD_UNAVAILABLE', 'Card payments'),
    );
    await expect(production.charge(alice, contractId(), 1n)).rejects.toEqual(refused('INSUFFICIENT_BALANCE'));
  });
});
