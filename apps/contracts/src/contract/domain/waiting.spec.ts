import { HOUR, LIMITS, sampleContract, T0 } from '../../../test/sample-contract.ts';
import { advance } from './advance.ts';
import type { Contract } from './contract.ts';
import { deadlinePassed } from './decide.ts';
import { isFinal, lifecycle, type WaitingStatus } from './status.ts';
import { waiting } from './waiting.ts';

const living = lifecycle.states.filter((state): state is WaitingStatus => !isFinal(state));
const kinds = living.flatMap((status) =>
  Object.entries(waiting[status]).map(([kind, declared]) => ({ status, kind, declared })),
);

const contractOf = (status: WaitingStatus, kind: string, changes: Partial<Contract> = {}): Contract =>
  sampleContract(status, {
    ...(kind === 'unpaid'
      ? { paymentStatus: 'pending', paidE9s: 0n }
      : { paymentStatus: 'succeeded', paidE9s: 10_000_000_000n, paidAtNs: T0 }),
    ...(kind === 'down' ? { machineAvailability: 'stopped', machineDownSinceNs: T0 } : {}),
    ...(kind === 'madeAgain'
      ? { machineAvailability: 'lost', machineDownSinceNs: T0, machineWantedAgainAtNs: T0 }
      : {}),
    ...changes,
  });

/** As `advance` leaves it. */
const waitingContract = (status: WaitingStatus, kind: string, changes: Partial<Contract> = {}): Contract =>
  advance(contractOf(status, kind, changes), { set: {} }, T0, LIMITS).contract;

describe('waiting', () => {
  it('is declared for every state that is not final, and for no other', () => {
    expect(Object.keys(waiting).sort()).toEqual([...living].sort());
  });

  it.each(kinds)('$status ($kind) has an owner, a deadline and a way out', ({ status, kind, declared }) => {
    const contract = waitingContract(status, kind);
    expect(declared.owner).toMatch(/^(payments|provider|agents|platform)$/);
    expect(contract.deadlineAtNs).toBe(declared.deadlineNs(contract, LIMITS));
    expect(contract.deadlineAtNs).toBeGreaterThan(T0);
    const deadline = contract.deadlineAtNs as bigint;
    expect(deadlinePassed(contract, deadline - 1n)).toBeUndefined();
    const change = deadlinePassed(contract, deadline);
    const { contract: after } = advance(contract, change ?? {}, deadline, LIMITS);
    expect(lifecycle.canMove(status, after.status)).toBe(true);
  });

  it.each([
    ['requested', 'unpaid', LIMITS.requestedNs, 'expired', 'PAYMENT_TIMEOUT', 0n],
    ['pending', 'unpaid', LIMITS.pendingNs, 'expired', 'PAYMENT_TIMEOUT', 0n],
    ['requested', 'paid', 72n * HOUR, 'expired', 'RESPONSE_TIMEOUT', 10_000_000_000n],
    ['pending', 'paid', 72n * HOUR, 'expired', 'RESPONSE_TIMEOUT', 10_000_000_000n],
    ['accepted', 'paid', HOUR, 'provisioningfailed', 'PROVISIONING_TIMEOUT', 10_000_000_000n],
    ['provisioning', 'paid', HOUR, 'provisioningfailed', 'PROVISIONING_TIMEOUT', 10_000_000_000n],
    ['active', 'paid', 10n * HOUR, 'expired', 'TERM_ENDED', 0n],
  ] as const)('%s (%s) ends after %s ns as %s, %s, refund %s', (status, kind, after, to, reason, refund) => {
    const contract = waitingContract(status, kind);
    expect(contract.deadlineAtNs).toBe(T0 + after);
    const ended = advance(contract, deadlinePassed(contract, T0 + after) ?? {}, T0 + after, LIMITS);
    expect(ended.contract).toMatchObject({
      status: to,
      endReason: reason,
      deadlineAtNs: null,
      refundDueE9s: refund,
      earnedE9s: contract.paidE9s - refund,
      statusUpdatedBy: 'system-timeout',
    });
    expect(ended.contract.failureMessage === null).toBe(reason === 'TERM_ENDED');
  });

  it('a delivered machine counts as in use after 15 minutes', () => {
    const contract = waitingContract('provisioned', 'paid');
    const at = T0 + LIMITS.settleInNs;
    expect(contract.deadlineAtNs).toBe(at);
    const { contract: after, facts } = advance(contract, deadlinePassed(contract, at) ?? {}, at, LIMITS);
    expect(after).toMatchObject({ status: 'active', endReason: null, deadlineAtNs: T0 + 10n * HOUR });
    expect(facts).toHaveLength(1);
  });

  it('and expires if nobody looked until its end', () => {
    const contract = waitingContract('provisioned', 'paid');
    const at = T0 + 10n * HOUR;
    const { contract: after } = advance(contract, deadlinePassed(contract, at) ?? {}, at, LIMITS);
    expect(after).toMatchObject({ status: 'expired', endReason: 'TERM_ENDED', refundDueE9s: 0n });
  });

  const missing = { machineAvailability: 'missing', machineDownSinceNs: T0 + 4n * HOUR } as const;

  it('a rental whose machine is away runs on while nobody says that it is lost, and that time is given back', () => {
    for (const status of ['provisioned', 'active'] as const) {
      const contract = waitingContract(status, 'paid', missing);
      expect(contract.deadlineAtNs).toBe(T0 + 10n * HOUR);
      const at = T0 + 12n * HOUR;
      const { contract: after } = advance(contract, deadlinePassed(contract, at) ?? {}, at, LIMITS);
      expect(after).toMatchObject({
        status: 'expired',
        endReason: 'TERM_ENDED',
        refundDueE9s: 6_000_000_000n,
      });
    }
  });

  it('a lost machine that is not made again in time ends the rental', () => {
    const wantedAgain = {
      ...missing,
      machineAvailability: 'lost',
      machineWantedAgainAtNs: T0 + 5n * HOUR,
    } as const;
    const contract = waitingContract('active', 'paid', wantedAgain);
    const at = T0 + 5n * HOUR + LIMITS.provisioningNs;
    expect(contract.deadlineAtNs).toBe(at);
    const { contract: after } = advance(contract, deadlinePassed(contract, at) ?? {}, at, LIMITS);
    expect(after).toMatchObject({
      status: 'cancelled',
      endReason: 'MACHINE_LOST',
      refundDueE9s: 6_000_000_000n,
      earnedE9s: 4_000_000_000n,
    });
  });

  it('a machine that was lost before it was handed over ends the rental at the next look', () => {
    const contract = waitingContract('active', 'paid', { ...missing, machineAvailability: 'lost' });
    const { contract: after } = advance(contract, deadlinePassed(contract, T0) ?? {}, T0, LIMITS);
    expect(after).toMatchObject({ status: 'cancelled', endReason: 'MACHINE_LOST' });
  });

  it('a rental that was paused until its end gets the paused time back', () => {
    const contract = waitingContract('paused', 'paid', { pausedAtNs: T0 + 4n * HOUR });
    const at = T0 + 12n * HOUR;
    const { contract: after } = advance(contract, deadlinePassed(contract, at) ?? {}, at, LIMITS);
    expect(after).toMatchObject({
      status: 'expired',
      refundDueE9s: 6_000_000_000n,
      earnedE9s: 4_000_000_000n,
    });
  });
});
