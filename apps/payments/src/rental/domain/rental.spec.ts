import { assertSameCharge, decideSettlement, type Rental } from './rental.ts';

const charged: Rental = {
  contractId: 'c1',
  state: 'charged',
  accountId: 'a1',
  currency: 'USD',
  chargedE9s: 100n,
};
const charge = { accountId: 'a1', amountE9s: 100n, currency: 'USD' };

describe('charging a contract again', () => {
  it('is fine when it is the same charge, also after the settlement', () => {
    expect(() => assertSameCharge(charged, charge)).not.toThrow();
    expect(() => assertSameCharge({ ...charged, state: 'settled' }, charge)).not.toThrow();
  });

  it.each([
    ['amount', { ...charge, amountE9s: 101n }],
    ['account', { ...charge, accountId: 'a2' }],
    ['currency', { ...charge, currency: 'EUR' }],
  ])('is refused with another %s', (_what, other) => {
    expect(() => assertSameCharge(charged, other)).toThrow(
      expect.objectContaining({ reason: 'IDEMPOTENCY_KEY_REUSED' }),
    );
  });

  it('is refused when the rental ended before it was paid', () => {
    expect(() => assertSameCharge({ ...charged, state: 'void', chargedE9s: 0n }, charge)).toThrow(
      expect.objectContaining({ reason: 'TRANSITION_NOT_ALLOWED' }),
    );
  });
});

describe('settling a contract', () => {
  it('shares out what was charged as told', () => {
    expect(decideSettlement(charged, { paidE9s: 100n, refundE9s: 66n, earnedE9s: 34n })).toEqual({
      kind: 'settle',
      refundE9s: 66n,
      earnedE9s: 34n,
    });
  });

  it('gives all of it back when the charge overtook the end', () => {
    expect(decideSettlement(charged, { paidE9s: 0n, refundE9s: 0n, earnedE9s: 0n })).toEqual({
      kind: 'settle',
      refundE9s: 100n,
      earnedE9s: 0n,
    });
  });

  it.each(['settled', 'void'] as const)('does nothing to one that is %s', (state) => {
    expect(decideSettlement({ ...charged, state }, { paidE9s: 100n, refundE9s: 1n, earnedE9s: 99n })).toEqual(
      {
        kind: 'done',
      },
    );
  });

  it.each([
    { paidE9s: 100n, refundE9s: 66n, earnedE9s: 35n },
    { paidE9s: 100n, refundE9s: 0n, earnedE9s: 99n },
    { paidE9s: 99n, refundE9s: 66n, earnedE9s: 33n },
    { paidE9s: 101n, refundE9s: 66n, earnedE9s: 34n },
  ])('does not guess when fact and books disagree: %o', (ended) => {
    expect(() => decideSettlement(charged, ended)).toThrow('was charged 100, but ended with');
  });
});
