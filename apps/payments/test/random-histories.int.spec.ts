import fc from 'fast-check';
import { findFaults } from '../src/ledger/book-faults.store.ts';
import { contractId, RunningPayments, type Tenant, tenant } from './running-payments.ts';

const payments = RunningPayments.forFile();

describe('random histories', () => {
  const step = fc.record({
    kind: fc.constantFrom('topUp', 'charge', 'charge', 'charge', 'end', 'lateEnd'),
    who: fc.nat(2),
    contract: fc.nat(7),
    cents: fc.integer({ min: 1, max: 900 }),
    earnedPermille: fc.bigInt({ min: 0n, max: 1_000n }),
    key: fc.nat(5),
  });

  it('of top-ups, charges and ends, in any order, twice and at the same time, leave the books right', async () => {
    let settledCount = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (history) => {
        const tenants = [tenant(), tenant(), tenant()];
        const contracts = Array.from({ length: 8 }, () => contractId());
        for (const who of tenants) await payments.topUp(who, 5);
        const price = (index: number) => BigInt(index + 1) * 333_333_333n;
        for (let at = 0; at < history.length; at += 6) {
          const batch = history.slice(at, at + 6);
          await Promise.allSettled(
            [...batch, ...batch].map((one) => {
              const who = tenants[one.contract % 3] as Tenant;
              const contract = contracts[one.contract] as string;
              const paid = price(one.contract);
              const earned = (paid * one.earnedPermille) / 1_000n;
              if (one.kind === 'topUp')
                return payments.topUp(tenants[one.who] as Tenant, one.cents / 100, `k${one.key}`);
              if (one.kind === 'charge') return payments.charge(who, contract, paid);
              const money = one.kind === 'end' ? { paid, refund: paid - earned, earned } : { paid: 0n };
              return payments.react(payments.ended(who, contract, money));
            }),
          );
        }
        expect(await findFaults(payments.service.database)).toEqual([]);
        for (const contract of contracts) {
          if ((await payments.rental(contract))?.state === 'settled') settledCount++;
        }
      }),
      { numRuns: 25, seed: 20_261_124 },
    );
    expect(settledCount).toBeGreaterThan(25);
    const [sum] = await payments.service.database.query<{ total: string }>(
      'select sum(balance_e9s)::text as total from ledger_account',
    );
    expect(sum?.total).toBe('0');
  }, 120_000);
});
