import { requests } from '@decent-cloud/messages';
import { contractId, NOW, RunningPayments, tenant, USD } from './running-payments.ts';

const payments = RunningPayments.forFile();
const { fundedTenant, balanceOf } = payments;

describe('money that is set aside', () => {
  const TOO_LITTLE = expect.objectContaining({ code: 'PAYMENT_REQUIRED', reason: 'INSUFFICIENT_BALANCE' });
  const newId = () => globalThis.crypto.randomUUID();

  it('is there for one of many who ask at once', async () => {
    const alice = await fundedTenant(10);
    const asked = await Promise.allSettled(
      Array.from({ length: 20 }, () => payments.reserve(alice, newId(), 6n * USD)),
    );
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const one of asked) if (one.status === 'rejected') expect(one.reason).toEqual(TOO_LITTLE);
  });

  it('cannot be spent by anybody else, also at the same time', async () => {
    const alice = await fundedTenant(10);
    const [own, spent] = [newId(), contractId()];
    const outcomes = await Promise.allSettled([
      payments.reserve(alice, own, 6n * USD),
      ...Array.from({ length: 5 }, () => payments.charge(alice, contractId(), 6n * USD)),
    ]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const bob = await fundedTenant(10);
    await payments.reserve(bob, own, 6n * USD);
    await expect(payments.charge(bob, spent, 6n * USD)).rejects.toThrow(
      '6.00 USD needed, 4.00 USD available besides 6.00 USD for rentals that are being made',
    );
    await payments.charge(bob, contractId(), 4n * USD);
    const charged = await payments.charge(bob, contractId(), 6n * USD, 'USD', own);
    expect(charged).toEqual({ chargedE9s: 6n * USD, balanceE9s: 0n });
  });

  it('is used up by its charge, replaced by the same again, and free when it is let go of or over', async () => {
    const alice = await fundedTenant(10);
    const first = newId();
    for (const amount of [10n, 4n, 7n]) await payments.reserve(alice, first, amount * USD);
    await expect(payments.reserve(alice, newId(), 4n * USD)).rejects.toEqual(TOO_LITTLE);
    await payments.charge(alice, contractId(), 7n * USD, 'USD', first);
    const second = newId();
    await payments.reserve(alice, second, 3n * USD);
    const release = () => payments.ask(requests.releaseFunds, { body: { reservationId: second } });
    expect([await release(), await release()]).toEqual([{ released: true }, { released: false }]);
    await payments.reserve(alice, newId(), 3n * USD, NOW);
    await payments.charge(alice, contractId(), 3n * USD);
    expect(await balanceOf(alice)).toBe(0n);
  });

  it('is asked for by services only, in the currency of wallets, and of a wallet that there is', async () => {
    const alice = await fundedTenant();
    const body = {
      reservationId: newId(),
      accountId: alice.accountId,
      amountE9s: 1n,
      currency: 'USD',
      untilNs: NOW,
    };
    await expect(payments.ask(requests.reserveFunds, { body }, alice.caller)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await expect(
      payments.ask(requests.reserveFunds, { body: { ...body, currency: 'EUR' } }),
    ).rejects.toMatchObject({
      reason: 'CURRENCY_UNSUPPORTED',
    });
    await expect(payments.reserve(tenant(), newId(), 1n)).rejects.toEqual(TOO_LITTLE);
  });
});
