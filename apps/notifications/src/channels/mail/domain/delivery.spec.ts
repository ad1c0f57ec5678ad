import { afterTry, judgeBatch, outageWaitSeconds, outcomeOf, waitSeconds } from './delivery.ts';

const SECOND = 1_000_000_000n;
const NOW = 1_000_000n * SECOND;
const limits = { maxAttempts: 3 };

test('answers of the server are told from its silence', () => {
  for (const code of ['ECONNECTION', 'ETIMEDOUT', 'EDNS', 'EAUTH', 'EOPENBREAKER']) {
    expect(outcomeOf({ code })).toBe('outage');
  }
  expect(outcomeOf({ code: 'EMESSAGE', responseCode: 421 })).toBe('outage');
  expect(outcomeOf({ code: 'EENVELOPE', responseCode: 450 })).toBe('transient');
  expect(outcomeOf({ code: 'EENVELOPE', responseCode: 550 })).toBe('permanent');
  expect(outcomeOf({ code: 'EENVELOPE' })).toBe('permanent');
  expect(outcomeOf(new Error('something else'))).toBe('transient');
  expect(outcomeOf(undefined)).toBe('transient');
});

test('what happens after the server has the whole mail is an attempt: it may send it on', () => {
  for (const code of ['ETIMEDOUT', 'ECONNECTION', 'ECONNRESET', 'ESOCKET']) {
    expect([code, outcomeOf({ code }, true)]).toEqual([code, 'transient']);
  }
  expect(outcomeOf({ code: 'EMESSAGE', responseCode: 554 }, true)).toBe('permanent');
  expect(outcomeOf({ code: 'EMESSAGE', responseCode: 451 }, true)).toBe('transient');
});

test('waits grow while no server is there, up to a quarter of an hour', () => {
  const waits = [0n, 60n, 240n, 1_200n, 3_600n, 86_400n].map((age) => outageWaitSeconds(age * SECOND));
  expect(waits).toEqual([30, 30, 60, 300, 900, 900]);
});

test('silence is an outage only when nobody of the batch was answered', () => {
  expect(judgeBatch(['outage', 'outage'])).toEqual(['outage', 'outage']);
  expect(judgeBatch(['outage', 'sent', 'permanent'])).toEqual(['transient', 'sent', 'permanent']);
});

test('waits double from a minute to six hours, with some spread', () => {
  expect([1, 2, 3, 9, 10, 50].map((attempts) => waitSeconds(attempts, 0.5))).toEqual([
    60, 120, 240, 15_360, 21_600, 21_600,
  ]);
  expect(waitSeconds(1, 0)).toBe(54);
  expect(waitSeconds(1, 1)).toBe(66);
});

test('a transient refusal is tried again until the attempts are used up', () => {
  const mail = (attempts: number) => ({ attempts, createdAtNs: NOW });
  expect(afterTry('transient', mail(2), limits, NOW, 0.5)).toEqual({
    state: 'queued',
    attempts: 2,
    nextAttemptAtNs: NOW + 120n * SECOND,
  });
  expect(afterTry('transient', mail(3), limits, NOW, 0.5).state).toBe('failed');
  expect(afterTry('permanent', mail(1), limits, NOW, 0.5).state).toBe('failed');
  expect(afterTry('sent', mail(3), limits, NOW, 0.5).state).toBe('sent');
});

test('an outage spends no attempt, but a week is the end', () => {
  const mail = { attempts: 3, createdAtNs: NOW };
  expect(afterTry('outage', mail, limits, NOW, 0.5)).toEqual({
    state: 'queued',
    attempts: 2,
    nextAttemptAtNs: NOW + 30n * SECOND,
  });
  expect(afterTry('outage', mail, limits, NOW + 7n * 86_400n * SECOND, 0.5).state).toBe('failed');
});
