import { rentalPriceE9s } from '@decent-cloud/kernel';
import fc from 'fast-check';
import { type Service, settle } from './settlement.ts';

const HOUR = 3_600_000_000_000n;
const START = 1_795_414_894_595_405_807n;

describe('the price of a rental', () => {
  it.each([
    [10_000_000_000n, 720, 10_000_000_000n],
    [10_000_000_000n, 24, 333_333_333n],
    [10_000_000_000n, 1, 13_888_888n],
    [29_990_000_000n, 168, 6_997_666_666n],
    [5_500_000_000n, 1_000, 7_638_888_888n],
  ])('%s a month for %s hours is %s', (monthly, hours, price) => {
    expect(rentalPriceE9s(monthly, hours)).toBe(price);
  });
});

const rental = (paidE9s: bigint, hours: bigint, changes: Partial<Service> = {}): Service => ({
  paidE9s,
  startedAtNs: START,
  endsAtNs: START + hours * HOUR,
  totalPausedNs: 0n,
  pausedAtNs: null,
  downNs: 0n,
  downSinceNs: null,
  ...changes,
});

describe('what goes back when a rental ends early', () => {
  it.each([
    [10_000_000_000n, 720n, 360n, 5_000_000_000n],
    [10_000_000_000n, 720n, 72n, 9_000_000_000n],
    [333_333_333n, 24n, 7n, 236_111_110n],
    [100n, 3n, 1n, 66n],
  ])('of %s for %s hours after %s hours: %s', (paid, hours, used, refund) => {
    expect(settle(rental(paid, hours), START + used * HOUR)).toEqual({
      refundE9s: refund,
      earnedE9s: paid - refund,
    });
  });

  it('pauses are not used time, ended or still running', () => {
    const at = START + 360n * HOUR;
    const ended = rental(10_000_000_000n, 720n, { totalPausedNs: 36n * HOUR });
    const still = rental(10_000_000_000n, 720n, { pausedAtNs: at - 36n * HOUR });
    expect(settle(ended, at).refundE9s).toBe(5_500_000_000n);
    expect(settle(still, at).refundE9s).toBe(5_500_000_000n);
  });

  it('times without a machine are not used time, to the second: ended, still running, and before the beginning', () => {
    const at = START + 360n * HOUR;
    const SECOND = HOUR / 3_600n;
    // 10.00 USD for 720 hours are 3858.024… e9s × 10³ a second.
    const secondE9s = (seconds: bigint) => (10_000_000_000n * (360n * 3_600n + seconds)) / (720n * 3_600n);
    for (const seconds of [0n, 1n, 59n, 3_600n, 360n * 3_600n]) {
      const over = rental(10_000_000_000n, 720n, { downNs: seconds * SECOND });
      const still = rental(10_000_000_000n, 720n, { downSinceNs: at - seconds * SECOND });
      expect([seconds, settle(over, at).refundE9s]).toEqual([seconds, secondE9s(seconds)]);
      expect([seconds, settle(still, at).refundE9s]).toEqual([seconds, secondE9s(seconds)]);
    }
    const never = rental(100n, 3n, { downSinceNs: START - 5n * HOUR });
    expect(settle(never, START + 2n * HOUR).refundE9s).toBe(100n);
    expect(settle(never, START + 99n * HOUR).refundE9s).toBe(100n);
    const paidOut = rental(100n, 3n, { downSinceNs: START + 3n * HOUR });
    expect(settle(paidOut, START + 5n * HOUR).refundE9s).toBe(0n);
  });

  it('what is paused and down at once counts once', () => {
    const at = START + 360n * HOUR;
    const both = { pausedAtNs: at - 36n * HOUR, downSinceNs: at - 20n * HOUR };
    expect(settle(rental(10_000_000_000n, 720n, both), at).refundE9s).toBe(5_500_000_000n);
    const after = { pausedAtNs: at - 36n * HOUR, downNs: 36n * HOUR };
    expect(settle(rental(10_000_000_000n, 720n, after), at).refundE9s).toBe(6_000_000_000n);
  });

  it('everything before the machine was there, nothing after the end', () => {
    expect(settle(rental(100n, 3n, { startedAtNs: null }), START)).toEqual({
      refundE9s: 100n,
      earnedE9s: 0n,
    });
    expect(settle(rental(100n, 3n, { startedAtNs: null, endsAtNs: null }), START).refundE9s).toBe(100n);
    expect(settle(rental(100n, 3n), START - 1n).refundE9s).toBe(100n);
    expect(settle(rental(100n, 3n), START).refundE9s).toBe(100n);
    expect(settle(rental(100n, 3n), START + 3n * HOUR).refundE9s).toBe(0n);
    expect(settle(rental(100n, 3n), START + 99n * HOUR).refundE9s).toBe(0n);
    expect(settle(rental(100n, 0n), START + HOUR).refundE9s).toBe(0n);
    expect(settle(rental(100n, 3n, { endsAtNs: null }), START + HOUR).refundE9s).toBe(0n);
  });

  const services = fc.record({
    paidE9s: fc.bigInt(0n, 2n ** 63n - 1n),
    termNs: fc.bigInt(1n, 1_000_000n * HOUR),
    totalPausedNs: fc.bigInt(0n, 100n * HOUR),
    at: fc.bigInt(-HOUR, 2_000_000n * HOUR),
    later: fc.bigInt(0n, 1_000n * HOUR),
  });
  const of = ({
    paidE9s,
    termNs,
    totalPausedNs,
  }: {
    paidE9s: bigint;
    termNs: bigint;
    totalPausedNs: bigint;
  }) => ({
    ...rental(paidE9s, 0n, { totalPausedNs }),
    endsAtNs: START + termNs,
  });

  it('always adds up, stays within bounds, and never grows with time', () => {
    fc.assert(
      fc.property(services, (drawn) => {
        const now = settle(of(drawn), START + drawn.at);
        const later = settle(of(drawn), START + drawn.at + drawn.later);
        expect(now.refundE9s + now.earnedE9s).toBe(drawn.paidE9s);
        expect(now.refundE9s >= 0n && now.refundE9s <= drawn.paidE9s).toBe(true);
        expect(later.refundE9s <= now.refundE9s).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  it('is the exact fraction, less than one unit below', () => {
    fc.assert(
      fc.property(services, (drawn) => {
        const at = ((drawn.at % drawn.termNs) + drawn.termNs) % drawn.termNs;
        const service = { ...of(drawn), totalPausedNs: 0n };
        const { refundE9s } = settle(service, START + at);
        const exact = drawn.paidE9s * (drawn.termNs - at);
        expect(refundE9s * drawn.termNs <= exact && exact < (refundE9s + 1n) * drawn.termNs).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });
});
