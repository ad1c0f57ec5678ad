import { secondsToNs } from '@decent-cloud/kernel';
import { isBelievable } from './is-believable.ts';
import { summarise } from './summarise.ts';

test('no checks: zero, and nothing about latency', () => {
  expect(summarise(undefined)).toEqual({
    totalChecks: 0n,
    healthyChecks: 0n,
    unhealthyChecks: 0n,
    unknownChecks: 0n,
    uptimePercent: 0,
  });
});

test('all checks count, latencies only where there was one', () => {
  const totals = {
    healthy: 3n,
    unhealthy: 1n,
    unknown: 4n,
    latencyMs: 25n,
    latencies: 2n,
    lastCheckedAtNs: 9n,
  };
  expect(summarise(totals)).toEqual({
    totalChecks: 8n,
    healthyChecks: 3n,
    unhealthyChecks: 1n,
    unknownChecks: 4n,
    uptimePercent: 37.5,
    avgLatencyMs: 12.5,
    lastCheckedAt: 9n,
  });
  expect(summarise({ ...totals, latencies: 0n })).not.toHaveProperty('avgLatencyMs');
});

test.each([
  [300, true],
  [301, false],
  [-86_400, true],
  [-86_401, false],
])('a check %p seconds from now is believed: %p', (seconds, expected) => {
  const now = secondsToNs(1_795_414_881);
  expect(isBelievable(now + secondsToNs(seconds), now)).toBe(expected);
});
