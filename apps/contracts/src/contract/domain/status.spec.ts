import { Refusal } from '@decent-cloud/kernel';
import { LIMITS, sampleContract, T0 } from '../../../test/sample-contract.ts';
import { advance } from './advance.ts';
import { isFinal, lifecycle, needsPayment, parseStatus } from './status.ts';

/** What was agreed, written down a second time. */
const ALLOWED: readonly string[] = [
  'requested>pending requested>accepted requested>rejected requested>cancelled requested>expired',
  'pending>accepted pending>rejected pending>cancelled pending>expired',
  'accepted>provisioning accepted>provisioningfailed accepted>rejected accepted>cancelled',
  'provisioning>provisioned provisioning>provisioningfailed provisioning>cancelled',
  'provisioned>active provisioned>paused provisioned>cancelled provisioned>expired',
  'active>paused active>cancelled active>expired',
  'paused>active paused>provisioned paused>cancelled paused>expired',
].flatMap((line) => line.split(' '));

const pairs = lifecycle.states.flatMap((from) => lifecycle.states.map((to) => [from, to] as const));

describe('every pair of states', () => {
  it.each(pairs)('%s to %s', (from, to) => {
    const paid = sampleContract(from, { paymentStatus: 'succeeded', paidE9s: 10_000_000_000n });
    const move = () =>
      advance(paid, { steps: [{ to, actor: 'system', changedBy: 'system' }] }, T0 + 1n, LIMITS);
    if (ALLOWED.includes(`${from}>${to}`)) {
      const { contract, history } = move();
      expect(contract).toMatchObject({ status: to, version: 4, statusUpdatedAtNs: T0 + 1n });
      expect(history).toEqual([
        { version: 4, oldStatus: from, newStatus: to, changedBy: 'system', memo: null },
      ]);
    } else {
      const legal = lifecycle.table[from].join(', ') || 'none';
      expect(move).toThrow(
        new Refusal(
          'CONFLICT',
          'TRANSITION_NOT_ALLOWED',
          `Cannot move from ${from} to ${to}. Allowed from ${from}: ${legal}`,
        ),
      );
    }
  });

  it('knows no more moves than were agreed', () => {
    const moves = pairs.filter(([from, to]) => lifecycle.canMove(from, to));
    expect(moves.map(([from, to]) => `${from}>${to}`).sort()).toEqual([...ALLOWED].sort());
  });
});

describe('an unpaid contract', () => {
  it.each(['requested', 'pending'] as const)('cannot be accepted from %s', (from) => {
    expect(() =>
      advance(
        sampleContract(from),
        { steps: [{ to: 'accepted', actor: 'provider', changedBy: 'p' }] },
        T0,
        LIMITS,
      ),
    ).toThrow(expect.objectContaining({ code: 'CONFLICT', reason: 'TRANSITION_NOT_ALLOWED' }));
  });
});

describe('final states', () => {
  it('are the four ends, and none of them is served', () => {
    expect(lifecycle.finals).toEqual(['rejected', 'cancelled', 'expired', 'provisioningfailed']);
    expect(lifecycle.finals.filter(needsPayment)).toEqual([]);
    expect(lifecycle.states.filter(isFinal)).toEqual(lifecycle.finals);
  });

  it('can be reached from every other state by the tenant', () => {
    for (const state of lifecycle.states.filter((known) => !isFinal(known))) {
      expect(lifecycle.canMove(state, 'cancelled')).toBe(true);
    }
  });
});

describe('reading a status', () => {
  it.each([
    ['Active', 'active'],
    ['canceled', 'cancelled'],
    [' PROVISIONING_FAILED ', 'provisioningfailed'],
  ])('takes %s', (text, status) => expect(parseStatus(text)).toBe(status));

  it('refuses what is none', () => expect(parseStatus('completed')).toBeUndefined());
});

it('there are eleven', () => expect(lifecycle.states).toHaveLength(11));
