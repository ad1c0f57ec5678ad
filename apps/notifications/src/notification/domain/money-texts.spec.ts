import { tellRefund, tellWalletChange } from './money-texts.ts';

const accountId = 'a'.repeat(32);
const contractId = 'b'.repeat(64);

test('a refund says the exact amount', () => {
  const text = tellRefund({ contractId, accountId, amountE9s: 12_345_678_901n, currency: 'USD', atNs: 1n });
  expect(text.body).toBe(`12.345678901 USD for your rental ${'b'.repeat(16)}... has been refunded.`);
});

test('top-ups and adjustments are told with the balance, movements of rentals are not', () => {
  const change = (entryType: 'topup' | 'rental_debit' | 'rental_refund' | 'adjustment', amountE9s: bigint) =>
    tellWalletChange({
      accountId,
      entryType,
      amountE9s,
      balanceE9s: 7_000_000_000n,
      currency: 'USD',
      atNs: 1n,
    });
  expect(change('topup', 5_000_000_000n)?.body).toBe(
    '5.00 USD has been added to your wallet. The balance is 7.00 USD.',
  );
  expect(change('adjustment', -1n)?.body).toContain('-0.000000001 USD');
  expect(change('rental_debit', -1n)).toBeUndefined();
  expect(change('rental_refund', 1n)).toBeUndefined();
});
