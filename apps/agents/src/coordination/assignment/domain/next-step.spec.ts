import {
  attemptClosed,
  dueStep,
  isRemovalDue,
  offered,
  removalCommanded,
  retriedLater,
  watchAt,
  whyNobody,
  withoutAgent,
} from './next-step.ts';

const SECOND = 1_000_000_000n;
const NOW = 1_795_414_881n * SECOND;
const LIMITS = {
  AGENT_WAIT_SECONDS: 120,
  CLAIM_TIMEOUT_SECONDS: 30,
  COORDINATOR_EVERY_SECONDS: 0.5,
  REMOVAL_REPEAT_SECONDS: 15,
};

test.each([
  ['waiting', true, 'assign'],
  ['waiting', false, 'assign'],
  ['offered', true, 'replace-unclaimed'],
  ['offered', false, 'forget'],
  ['claimed', true, 'watch'],
  ['claimed', false, 'forget'],
  ['provisioned', true, 'forget'],
  ['failed', true, 'forget'],
  ['ended', true, 'forget'],
] as const)('%s, with a machine: %p -> %s', (state, hasMachine, step) => {
  expect(dueStep({ state, deadlineNs: NOW + 1n }, hasMachine, NOW)).toBe(step);
});

test('a claimed machine is out of time at its deadline; the look before it is never later', () => {
  expect(dueStep({ state: 'claimed', deadlineNs: NOW }, true, NOW)).toBe('time-out');
  expect(watchAt({ deadlineNs: NOW + 60n * SECOND }, NOW)).toBe(NOW + 15n * SECOND);
  expect(watchAt({ deadlineNs: NOW + 9n * SECOND }, NOW)).toBe(NOW + 9n * SECOND);
});

test('without an agent a contract waits from the first time on, then has failed', () => {
  expect(withoutAgent({ waitingSinceNs: null }, NOW, LIMITS)).toEqual({
    next: 'wait',
    change: { state: 'waiting', waitingSinceNs: NOW, dueAtNs: NOW + SECOND / 2n },
  });
  expect(withoutAgent({ waitingSinceNs: NOW - 120n * SECOND + 1n }, NOW, LIMITS).next).toBe('wait');
  expect(withoutAgent({ waitingSinceNs: NOW - 120n * SECOND }, NOW, LIMITS)).toEqual({ next: 'fail' });
});

test('an offer raises the generation and waits for the claim', () => {
  expect(offered({ generation: 2 }, NOW, LIMITS)).toEqual({
    state: 'offered',
    generation: 3,
    retryAgent: null,
    waitingSinceNs: null,
    dueAtNs: NOW + 30n * SECOND,
  });
  expect(retriedLater('aa', 30, NOW)).toEqual({
    state: 'waiting',
    retryAgent: 'aa',
    waitingSinceNs: NOW + 30n * SECOND,
    dueAtNs: NOW + 30n * SECOND,
  });
});

test('an attempt that its agent ended has failed; one that was taken away may still be reported', () => {
  expect(attemptClosed('transient', NOW)).toEqual({
    outcome: 'transient',
    settledAtNs: NOW,
    state: 'failed',
  });
  expect(attemptClosed('silent', NOW)).toEqual({ outcome: 'silent', settledAtNs: NOW });
});

test('the first command to remove makes it absent, repeats come later and later, and what came back is not gone', () => {
  const machine = { desired: 'running', state: 'provisioned', commandsGiven: 0 } as const;
  expect(removalCommanded(machine, NOW, LIMITS)).toEqual({
    commandsGiven: 1,
    nextCommandAtNs: NOW + 15n * SECOND,
    desired: 'absent',
    absentSinceNs: NOW,
  });
  expect(removalCommanded({ desired: 'absent', state: 'gone', commandsGiven: 2 }, NOW, LIMITS)).toEqual({
    commandsGiven: 3,
    nextCommandAtNs: NOW + 60n * SECOND,
    state: 'failed',
  });
});

test('a command is repeated when its time has come and the machine is not gone', () => {
  const machine = { desired: 'absent', state: 'provisioned', nextCommandAtNs: NOW } as const;
  expect(isRemovalDue(machine, NOW)).toBe(true);
  expect(isRemovalDue(machine, NOW - 1n)).toBe(false);
  expect(isRemovalDue({ ...machine, state: 'gone' }, NOW)).toBe(false);
  expect(isRemovalDue({ ...machine, desired: 'running' }, NOW)).toBe(false);
  expect(isRemovalDue({ ...machine, nextCommandAtNs: null }, NOW)).toBe(false);
});

test.each([
  [[], 'NO_AGENT_AVAILABLE', 'took the contract in time'],
  [['unclaimed', 'silent', null], 'NO_AGENT_AVAILABLE', 'took the contract in time'],
  [['capacity', 'unclaimed'], 'NO_AGENT_AVAILABLE', 'has room'],
  [['capacity', 'transient'], 'PROVISIONING_FAILED', 'failed once'],
  [['transient', 'transient', 'transient', 'permanent'], 'PROVISIONING_FAILED', 'failed 4 times'],
] as const)('after %j nobody makes it: %s', (outcomes, reason, message) => {
  expect(whyNobody(outcomes.map((outcome) => ({ outcome })))).toEqual({
    reason,
    message: expect.stringContaining(message),
  });
});
