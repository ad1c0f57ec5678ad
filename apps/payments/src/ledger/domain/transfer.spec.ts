import fc from 'fast-check';
import {
  assertSameCharge,
  type Charge,
  decideSettlement,
  type Ended,
  type Rental,
} from '../../rental/domain/rental.ts';
import {
  assertAboveFloor,
  hasFloor,
  rentalCharge,
  rentalSettlement,
  type Transfer,
  testTopUp,
} from './transfer.ts';

const PROVIDER = 'p1';
const ACCOUNTS = ['a1', 'a2'] as const;
const CONTRACTS = ['c1', 'c2', 'c3'] as const;

type Step =
  | { do: 'topUp'; operationId: string; accountId: string; amountE9s: bigint }
  | { do: 'charge'; contractId: string; charge: Charge }
  | { do: 'end'; contractId: string; knowsOfPayment: boolean; earnedPermille: bigint };

/** The smallest books that obey the rules of the real ones: balances, keys, floors. */
class Books {
  readonly balances = new Map<string, bigint>();
  readonly keys = new Set<string>();
  readonly rentals = new Map<string, Rental & { refundE9s: bigint; earnedE9s: bigint }>();
  toppedUp = 0n;

  post(transfer: Transfer): 'posted' | 'repeated' | 'refused' {
    if (this.keys.has(transfer.idempotencyKey)) return 'repeated';
    const after = transfer.movements.map(({ account, amountE9s }) => {
      const name = `${account.kind}:${account.owner}`;
      return { name, kind: account.kind, balance: (this.balances.get(name) ?? 0n) + amountE9s };
    });
    if (after.some(({ kind, balance }) => hasFloor(kind) && balance < 0n)) return 'refused';
    this.keys.add(transfer.idempotencyKey);
    for (const { name, balance } of after) this.balances.set(name, balance);
    return 'posted';
  }

  run(step: Step): void {
    if (step.do === 'topUp') {
      if (this.post(testTopUp({ ...step, currency: 'USD' })) === 'posted') this.toppedUp += step.amountE9s;
      return;
    }
    const { contractId } = step;
    const rental = this.rentals.get(contractId);
    if (step.do === 'charge') {
      if (rental) {
        try {
          assertSameCharge(rental, step.charge);
        } catch {
          return;
        }
      } else if (this.post(rentalCharge({ contractId, ...step.charge })) === 'posted') {
        const { accountId, currency, amountE9s } = step.charge;
        this.rentals.set(contractId, {
          contractId,
          state: 'charged',
          accountId,
          currency,
          chargedE9s: amountE9s,
          refundE9s: 0n,
          earnedE9s: 0n,
        });
      }
      return;
    }
    if (!rental) {
      const none = { accountId: null, currency: null, chargedE9s: 0n, refundE9s: 0n, earnedE9s: 0n };
      this.rentals.set(contractId, { contractId, state: 'void', ...none });
      return;
    }
    const settlement = decideSettlement(rental, this.endOf(rental, step));
    if (settlement.kind === 'done') return;
    const { refundE9s, earnedE9s } = settlement;
    const accountId = rental.accountId as string;
    const done = {
      contractId,
      accountId,
      providerPublicKey: PROVIDER,
      refundE9s,
      earnedE9s,
      currency: 'USD',
    };
    expect(this.post(rentalSettlement(done))).toBe('posted');
    this.rentals.set(contractId, { ...rental, state: 'settled', refundE9s, earnedE9s });
  }

  private endOf(rental: Rental, step: Extract<Step, { do: 'end' }>): Ended {
    if (!step.knowsOfPayment) return { paidE9s: 0n, refundE9s: 0n, earnedE9s: 0n };
    const earnedE9s = (rental.chargedE9s * step.earnedPermille) / 1_000n;
    return { paidE9s: rental.chargedE9s, refundE9s: rental.chargedE9s - earnedE9s, earnedE9s };
  }

  of(kind: string): bigint {
    return [...this.balances]
      .filter(([name]) => name.startsWith(`${kind}:`))
      .reduce((sum, [, balance]) => sum + balance, 0n);
  }
}

const amount = fc.bigInt({ min: 1n, max: 10n ** 13n });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant('topUp' as const),
      operationId: fc.constantFrom('o1', 'o2', 'o3', 'o4'),
      accountId: fc.constantFrom(...ACCOUNTS),
      amountE9s: amount,
    }),
    fc.record({
      do: fc.constant('charge' as const),
      contractId: fc.constantFrom(...CONTRACTS),
      charge: fc.record({
        accountId: fc.constantFrom(...ACCOUNTS),
        amountE9s: amount,
        currency: fc.constant('USD'),
      }),
    }),
    fc.record({
      do: fc.constant('end' as const),
      contractId: fc.constantFrom(...CONTRACTS),
      knowsOfPayment: fc.boolean(),
      earnedPermille: fc.bigInt({ min: 0n, max: 1_000n }),
    }),
  ),
  { minLength: 3, maxLength: 25 },
);

describe('books', () => {
  it('conserve money over histories in any order, each step done twice', () => {
    let settled = 0;
    fc.assert(
      fc.property(steps, (history) => {
        const books = new Books();
        for (const step of history) {
          books.run(step);
          const once = new Map(books.balances);
          books.run(step);
          expect(books.balances).toEqual(once);
          expect([...books.balances.values()].reduce((sum, balance) => sum + balance, 0n)).toBe(0n);
        }
        expect(books.of('external_test')).toBe(-books.toppedUp);
        const rentals = [...books.rentals.values()];
        const held = rentals.filter(({ state }) => state === 'charged');
        expect(books.of('escrow')).toBe(held.reduce((sum, { chargedE9s }) => sum + chargedE9s, 0n));
        expect(books.of('provider_earned')).toBe(rentals.reduce((sum, { earnedE9s }) => sum + earnedE9s, 0n));
        for (const { state, chargedE9s, refundE9s, earnedE9s } of rentals) {
          if (state === 'settled') expect(refundE9s + earnedE9s).toBe(chargedE9s);
        }
        settled += rentals.filter(({ state }) => state === 'settled').length;
      }),
      { numRuns: 3_000, seed: 20_261_124 },
    );
    expect(settled).toBeGreaterThan(300);
  });

  it('knows no transfer that moves nothing', () => {
    const charge = { contractId: 'c1', accountId: 'a1', currency: 'USD' };
    expect(() => rentalCharge({ ...charge, amountE9s: 0n })).toThrow('does not balance');
  });

  it('leaves out of a settlement whoever gets nothing', () => {
    const settlement = { contractId: 'c1', accountId: 'a1', providerPublicKey: 'p1', currency: 'USD' };
    const { movements } = rentalSettlement({ ...settlement, refundE9s: 5n, earnedE9s: 0n });
    expect(movements).toEqual([
      { account: { kind: 'escrow', owner: 'c1' }, amountE9s: -5n },
      { account: { kind: 'wallet', owner: 'a1' }, amountE9s: 5n },
    ]);
  });

  it('lets no account but the outside fall below zero', () => {
    const wallet = { kind: 'wallet', owner: 'a1', balanceE9s: 5n } as const;
    expect(() => assertAboveFloor(wallet, -5n, 'USD')).not.toThrow();
    expect(() => assertAboveFloor(wallet, -6n, 'USD')).toThrow('Insufficient wallet balance');
    expect(() => assertAboveFloor({ ...wallet, kind: 'escrow' }, -6n, 'USD')).toThrow(
      'escrow:a1 would fall below zero',
    );
    expect(() => assertAboveFloor({ ...wallet, kind: 'external_test' }, -6n, 'USD')).not.toThrow();
  });
});
