import { born, happenings } from '../../../../test/all-lives.ts';
import { LIMITS, sampleContract, T0 } from '../../../../test/sample-contract.ts';
import { back, brief } from '../../../../test/shown-steps.ts';
import { advance } from '../advance.ts';
import { stepsOf } from './steps-of.ts';

const SECOND = 1_000_000_000n;
const UNTIL_PAID = 'hold-stock:done request:done pay:done';
const SKIPPED_MACHINE = 'assign-agent:skipped make-machine:skipped hand-over:skipped';
const ALL_DONE = `${UNTIL_PAID} accept:done assign-agent:done make-machine:done hand-over:done`;

it.each([
  [
    'just asked for',
    [],
    'hold-stock:done request:done pay:running accept:waiting assign-agent:waiting make-machine:waiting hand-over:waiting',
  ],
  [
    'charged',
    ['charged'],
    `${UNTIL_PAID} accept:done assign-agent:running make-machine:waiting hand-over:waiting`,
  ],
  [
    'charge refused',
    ['charge-refused'],
    `hold-stock:done request:done pay:failed accept:skipped ${SKIPPED_MACHINE} release-stock:undoing`,
  ],
  [
    'no payment in time',
    ['deadline'],
    `hold-stock:done request:done pay:failed accept:skipped ${SKIPPED_MACHINE} release-stock:undoing`,
  ],
  [
    'paid after the end',
    ['deadline', 'charged'],
    `hold-stock:done request:done pay:failed accept:skipped ${SKIPPED_MACHINE} release-stock:undoing refund:undoing`,
  ],
  [
    'given to an agent',
    ['charged', 'assigned-1'],
    `${UNTIL_PAID} accept:done assign-agent:done make-machine:running hand-over:waiting`,
  ],
  [
    'no agent',
    ['charged', 'no-agent'],
    `${UNTIL_PAID} accept:done assign-agent:failed make-machine:skipped hand-over:skipped release-stock:undoing refund:undoing`,
  ],
  [
    'no second agent',
    ['charged', 'assigned-1', 'no-agent'],
    `${UNTIL_PAID} accept:done assign-agent:done make-machine:failed hand-over:skipped release-stock:undoing refund:undoing remove-machine:undoing`,
  ],
  [
    'a machine that failed',
    ['charged', 'assigned-1', 'started-1', 'failed'],
    `${UNTIL_PAID} accept:done assign-agent:done make-machine:failed hand-over:skipped release-stock:undoing refund:undoing remove-machine:undoing`,
  ],
  [
    'too late',
    ['charged', 'assigned-1', 'deadline'],
    `${UNTIL_PAID} accept:done assign-agent:done make-machine:failed hand-over:skipped release-stock:undoing refund:undoing remove-machine:undoing`,
  ],
  ['active', ['charged', 'assigned-1', 'started-1', 'provisioned-1'], ALL_DONE],
  ['paused', ['charged', 'assigned-1', 'started-1', 'provisioned-1', 'pause'], ALL_DONE],
  [
    'a machine that is not there',
    ['charged', 'provisioned-1', 'missing'],
    `${ALL_DONE} restore-machine:running`,
  ],
  ['and that is back', ['charged', 'provisioned-1', 'missing', 'back'], ALL_DONE],
  [
    'lost for good',
    ['charged', 'provisioned-1', 'missing', 'lost'],
    `${ALL_DONE} restore-machine:failed release-stock:undoing refund:undoing remove-machine:undoing`,
  ],
  [
    'lost, and wanted again',
    ['charged', 'provisioned-1', 'missing', 'wants-again', 'lost'],
    `${ALL_DONE} restore-machine:running`,
  ],
  [
    'made again',
    ['charged', 'provisioned-1', 'missing', 'wants-again', 'lost', 'provisioned-2', 'back'],
    ALL_DONE,
  ],
  [
    'it could not be made again',
    ['charged', 'provisioned-1', 'missing', 'wants-again', 'lost', 'no-agent'],
    `${ALL_DONE} restore-machine:failed release-stock:undoing refund:undoing remove-machine:undoing`,
  ],
  [
    'nor in time',
    ['charged', 'provisioned-1', 'missing', 'wants-again', 'lost', 'deadline'],
    `${ALL_DONE} restore-machine:failed release-stock:undoing refund:undoing remove-machine:undoing`,
  ],
  [
    'cancelled while it is away',
    ['charged', 'provisioned-1', 'missing', 'cancel'],
    `${ALL_DONE} restore-machine:skipped release-stock:undoing refund:undoing remove-machine:undoing`,
  ],
  ['the machine before all that comes before it', ['charged', 'provisioned-1'], ALL_DONE],
  [
    'cancelled while it is made',
    ['charged', 'assigned-1', 'cancel'],
    `${UNTIL_PAID} accept:done assign-agent:done make-machine:skipped hand-over:skipped release-stock:undoing refund:undoing remove-machine:undoing`,
  ],
  [
    'cancelled before anybody had it',
    ['charged', 'cancel'],
    `${UNTIL_PAID} accept:done assign-agent:skipped make-machine:skipped hand-over:skipped release-stock:undoing refund:undoing`,
  ],
  [
    'cancelled, and given to an agent all the same',
    ['charged', 'cancel', 'assigned-1'],
    `${UNTIL_PAID} accept:done assign-agent:done make-machine:skipped hand-over:skipped release-stock:undoing refund:undoing remove-machine:undoing`,
  ],
  [
    'cancelled in use',
    ['charged', 'provisioned-1', 'cancel'],
    `${ALL_DONE} release-stock:undoing refund:undoing remove-machine:undoing`,
  ],
  [
    'cancelled and settled',
    ['charged', 'provisioned-1', 'cancel', 'removed', 'refunded', 'stock-released'],
    `${ALL_DONE} release-stock:undone refund:undone remove-machine:undone`,
  ],
  [
    'used to the end',
    ['charged', 'provisioned-1', 'deadline'],
    `${ALL_DONE} release-stock:undoing refund:skipped remove-machine:undoing`,
  ],
  [
    'cancelled unpaid',
    ['cancel'],
    `hold-stock:done request:done pay:skipped accept:skipped ${SKIPPED_MACHINE} release-stock:undoing`,
  ],
  [
    'turned down unpaid',
    ['reject'],
    `hold-stock:done request:done pay:skipped accept:failed ${SKIPPED_MACHINE} release-stock:undoing`,
  ],
  [
    'withdrawn by the provider',
    ['charged', 'reject'],
    `${UNTIL_PAID} accept:done assign-agent:failed make-machine:skipped hand-over:skipped release-stock:undoing refund:undoing`,
  ],
] as const)('%s', (_name, path, expected) => {
  expect(brief(stepsOf(walk(true, path).contract, T0))).toBe(expected);
});

it.each([
  [
    'waits for the provider',
    ['charged'],
    `${UNTIL_PAID} accept:running assign-agent:waiting make-machine:waiting hand-over:waiting`,
  ],
  [
    'turned down',
    ['charged', 'reject'],
    `${UNTIL_PAID} accept:failed ${SKIPPED_MACHINE} release-stock:undoing refund:undoing`,
  ],
  [
    'no answer in time',
    ['charged', 'deadline'],
    `${UNTIL_PAID} accept:failed ${SKIPPED_MACHINE} release-stock:undoing refund:undoing`,
  ],
  [
    'cancelled while the provider is asked',
    ['charged', 'cancel'],
    `${UNTIL_PAID} accept:skipped ${SKIPPED_MACHINE} release-stock:undoing refund:undoing`,
  ],
] as const)('a provider who is asked: %s', (_name, path, expected) => {
  expect(brief(stepsOf(walk(false, path).contract, T0))).toBe(expected);
});

it.each(['test', 'free'] as const)('a %s rental has nothing to pay and nothing to pay back', (kind) => {
  const { contract } = born({ autoAccept: true, kind });
  expect(brief(stepsOf(contract, T0))).toBe(
    'hold-stock:done request:done pay:skipped accept:done assign-agent:running make-machine:waiting hand-over:waiting',
  );
  const ended = advance(contract, happenings.cancel?.(contract, T0, T0) ?? {}, T0, LIMITS).contract;
  expect(back(stepsOf(ended, T0)).map(({ name }) => name)).toEqual(['release-stock']);
});

it('times are those of the steps, and seconds those between them', () => {
  const contract = {
    ...walk(true, ['charged', 'assigned-1', 'started-1', 'provisioned-1']).contract,
    createdAtNs: T0,
    stockHeldAtNs: T0 + SECOND / 4n,
    requestedAtNs: T0 + SECOND / 2n,
    paidAtNs: T0 + SECOND,
    acceptedAtNs: T0 + SECOND,
    agentAssignedAtNs: T0 + 2n * SECOND,
    machineMadeAtNs: T0 + 40n * SECOND,
    provisioningCompletedAtNs: T0 + 41n * SECOND,
  };
  const steps = stepsOf(contract, T0 + 100n * SECOND);
  expect(steps.map(({ actualSeconds }) => actualSeconds)).toEqual([0.25, 0.25, 0.5, 0, 1, 38, 1]);
  expect(steps[5]).toMatchObject({
    startedAtNs: T0 + 2n * SECOND,
    finishedAtNs: T0 + 40n * SECOND,
    expectedSeconds: 60,
    attempts: 1,
  });
});

it('a running step tells how long it has run and when its time is over', () => {
  const { contract } = walk(true, ['charged', 'assigned-1']);
  const now = T0 + 6n * SECOND;
  expect(stepsOf(contract, now)[5]).toMatchObject({
    state: 'running',
    actualSeconds: 4,
    dueAtNs: contract.deadlineAtNs,
  });
});

it('a second attempt shows', () => {
  const { contract } = walk(true, ['charged', 'assigned-1', 'started-1', 'assigned-2']);
  const made = stepsOf(contract, T0 + 10n * SECOND)[5];
  expect(made).toMatchObject({
    attempts: 2,
    startedAtNs: T0 + 2n * SECOND,
    attemptStartedAtNs: T0 + 4n * SECOND,
  });
  expect(made?.text).toContain('attempt 2');
});

describe('a rental of a time when less was noted', () => {
  const old = {
    stockHeldAtNs: null,
    requestedAtNs: null,
    attempts: 0,
    agentAssignedAtNs: null,
    attemptStartedAtNs: null,
    machineMadeAtNs: null,
  };

  it('in use has all steps done, some without times', () => {
    const steps = stepsOf(sampleContract('active', old), T0);
    expect(brief(steps)).toBe(ALL_DONE);
    expect(steps.map(({ finishedAtNs }) => finishedAtNs !== undefined)).toEqual([
      ...[false, false, true, true],
      ...[false, false, true],
    ]);
  });

  it('that ended has its unit back', () => {
    const ended = { ...old, acceptedAtNs: T0, provisioningCompletedAtNs: T0, paidAtNs: T0, paidE9s: 1n };
    const contract = sampleContract('cancelled', { ...ended, terminatedAtNs: T0, refundDueE9s: 0n });
    expect(brief(stepsOf(contract, T0))).toBe(
      `${ALL_DONE} release-stock:undone refund:skipped remove-machine:undone`,
    );
  });

  it.each([
    ['rejected', 'accept:failed', 'REJECTED_BY_PROVIDER', { paidAtNs: T0 }],
    ['provisioningfailed', 'assign-agent:failed', 'NO_AGENT_AVAILABLE', { paidAtNs: T0, acceptedAtNs: T0 }],
    ['expired', 'pay:failed', 'PAYMENT_TIMEOUT', {}],
    ['expired', 'accept:failed', 'RESPONSE_TIMEOUT', { paidAtNs: T0 }],
    ['cancelled', 'pay:failed', 'INSUFFICIENT_BALANCE', { paymentStatus: 'failed' }],
    ['cancelled', 'pay:skipped', 'CANCELLED_BY_TENANT', {}],
  ] as const)('%s without a reason: %s', (status, expected, reason, changes) => {
    const steps = stepsOf(sampleContract(status, { ...old, ...changes, endReason: null }), T0);
    expect(brief(steps)).toContain(expected);
    expect(steps.find(({ name }) => expected.startsWith(name))?.reason).toBe(reason);
  });
});

function walk(autoAccept: boolean, path: readonly string[]) {
  let advanced = born({ autoAccept, kind: 'wallet' });
  let now = T0;
  for (const name of path) {
    now = name === 'deadline' ? (advanced.contract.deadlineAtNs ?? now) : now + SECOND;
    const change = happenings[name]?.(advanced.contract, now, now);
    if (!change) throw new Error(`${name} changes nothing`);
    advanced = advance(advanced.contract, change, now, LIMITS);
  }
  return advanced;
}
