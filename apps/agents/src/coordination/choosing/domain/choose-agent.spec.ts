import { secondsToNs } from '@decent-cloud/kernel';
import type { Attempt, Outcome } from '../../assignment/domain/attempt.ts';
import { type Candidate, chooseAgent, isAnyoneLeft } from './choose-agent.ts';

const NOW = secondsToNs(1_795_414_881);
const ago = (seconds: number) => NOW - secondsToNs(seconds);
const agent = (agentPublicKey: string, changes: Partial<Candidate> = {}): Candidate => ({
  agentPublicKey,
  accountPublicKey: `A${agentPublicKey}`,
  polls: false,
  lastHeartbeatNs: ago(5),
  provisionerTypes: ['docker'],
  activeContracts: 0,
  freeSlots: 2,
  offeredSince: 0,
  ...changes,
});
const attempt = (agentPublicKey: string, outcome: Outcome | null, seconds = 1): Attempt => ({
  agentPublicKey,
  outcome,
  settledAtNs: outcome === null ? null : ago(seconds),
});
const any = { provisionerType: undefined, retryAgent: null };
const chosen = (candidates: Candidate[], attempts: Attempt[] = [], wanted: Partial<typeof any> = {}) =>
  chooseAgent(candidates, attempts, { ...any, ...wanted }, NOW)?.agentPublicKey;

describe('nobody is chosen', () => {
  test.each([
    ['without agents', []],
    ['when the only one never beat', [agent('a', { lastHeartbeatNs: null })]],
    ['when the only one is silent for 45 s', [agent('a', { lastHeartbeatNs: ago(45) })]],
    ['when the only one has no slot', [agent('a', { freeSlots: 0 })]],
    ['when its slots are given away since its heartbeat', [agent('a', { offeredSince: 2 })]],
  ])('%s', (_, candidates) => {
    expect(chosen(candidates)).toBeUndefined();
  });

  test('when it makes other machines', () => {
    expect(chosen([agent('a')], [], { provisionerType: 'proxmox' as never })).toBeUndefined();
    expect(chosen([agent('a')], [], { provisionerType: 'docker' as never })).toBe('a');
  });

  test.each(['capacity', 'unclaimed', 'silent'] as const)('for a minute after %s', (outcome) => {
    expect(chosen([agent('a')], [attempt('a', outcome, 59)])).toBeUndefined();
    expect(chosen([agent('a')], [attempt('a', outcome, 60)])).toBe('a');
  });

  test('after four failures that should have passed', () => {
    const failures = Array.from({ length: 4 }, () => attempt('a', 'transient', 1_000));
    expect(chosen([agent('a')], failures)).toBeUndefined();
    expect(chosen([agent('a')], failures.slice(1))).toBe('a');
  });
});

describe('a machine that an agent can never make', () => {
  const tooSmall = [attempt('a', 'config', 100_000)];
  test('is not asked of it again, however long ago that was, alone and as the one to retry', () => {
    expect(chosen([agent('a')], tooSmall)).toBeUndefined();
    expect(chosen([agent('a')], tooSmall, { retryAgent: 'a' as never })).toBeUndefined();
  });
  test('is asked of another one, though it has less room', () => {
    expect(chosen([agent('a', { freeSlots: 9 }), agent('b')], tooSmall)).toBe('b');
  });
});

describe('somebody is left', () => {
  const left = (candidates: Candidate[], attempts: Attempt[], provisionerType?: string) =>
    isAnyoneLeft(candidates, attempts, { provisionerType }, NOW);
  const both = [agent('a'), agent('b')];

  test('as long as one agent may yet make it: full, at rest or quiet for a moment as it is now', () => {
    expect(left(both, [attempt('a', 'config')])).toBe(true);
    const later = [attempt('a', 'config'), attempt('b', 'capacity'), attempt('b', 'transient')];
    expect(left([agent('a'), agent('b', { freeSlots: 0, lastHeartbeatNs: ago(299) })], later)).toBe(true);
  });
  test('not when each has said that it never can, or has failed too often', () => {
    expect(left([agent('a')], [attempt('a', 'config')])).toBe(false);
    const failures = Array.from({ length: 4 }, () => attempt('b', 'transient'));
    expect(left(both, [attempt('a', 'config'), ...failures])).toBe(false);
    expect(left(both, [attempt('a', 'config'), ...failures.slice(1)])).toBe(true);
  });
  test('not when the others are offline or make other machines', () => {
    const tried = [attempt('a', 'config')];
    expect(left([agent('a'), agent('b', { lastHeartbeatNs: ago(300) })], tried)).toBe(false);
    expect(left([agent('a'), agent('b', { lastHeartbeatNs: null })], tried)).toBe(false);
    expect(left(both, tried, 'proxmox')).toBe(false);
  });
});

describe('the order', () => {
  test('most room first, what was just given away counted', () => {
    expect(chosen([agent('a'), agent('b', { freeSlots: 3 })])).toBe('b');
    expect(chosen([agent('a'), agent('b', { freeSlots: 3, offeredSince: 2 })])).toBe('a');
  });
  test('then the least work, then always the same one', () => {
    expect(chosen([agent('a', { activeContracts: 1 }), agent('b')])).toBe('b');
    expect(chosen([agent('b'), agent('a')])).toBe('a');
  });
  test('one that has not tried this contract before one that has', () => {
    expect(chosen([agent('a', { freeSlots: 9 }), agent('b')], [attempt('a', 'transient')])).toBe('b');
  });
});

describe('a failure that passes', () => {
  const attempts = [attempt('a', 'transient')];
  test('gives the next attempt to the same agent', () => {
    expect(chosen([agent('a'), agent('b', { freeSlots: 9 })], attempts, { retryAgent: 'a' as never })).toBe(
      'a',
    );
  });
  test('to another one when that one is not well', () => {
    const silent = agent('a', { lastHeartbeatNs: ago(60) });
    expect(chosen([silent, agent('b')], attempts, { retryAgent: 'a' as never })).toBe('b');
  });
});

test('an agent that polls beats seldom: as long as it shows as online it gets work', () => {
  const polling = { polls: true, accountPublicKey: null };
  expect(chosen([agent('a', { ...polling, lastHeartbeatNs: ago(299) })])).toBe('a');
  expect(chosen([agent('a', { ...polling, lastHeartbeatNs: ago(301) })])).toBeUndefined();
  expect(chosen([agent('a', { lastHeartbeatNs: ago(299) })])).toBeUndefined();
});
