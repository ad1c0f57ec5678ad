import { printExactJson, REASONS } from '@decent-cloud/kernel';
import type { RentalStep } from '@decent-cloud/messages/contracts';
import { rentalProcess } from '@decent-cloud/messages/process';
import { jest } from '@jest/globals';
import { allLives, births, type Edge, happenings } from '../../../../test/all-lives.ts';
import { LIMITS } from '../../../../test/sample-contract.ts';
import { back, brief, forward } from '../../../../test/shown-steps.ts';
import { advance } from '../advance.ts';
import type { Contract } from '../contract.ts';
import { isFinal, lifecycle } from '../status.ts';
import { stepsChanged } from './steps-changed.ts';
import { stepsOf } from './steps-of.ts';

jest.setTimeout(60_000);

const SECOND = 1_000_000_000n;
const DECIDED = ['done', 'failed', 'skipped'];

const print = (value: unknown): string => printExactJson(value ?? null);
const seen = (contract: Contract, now: bigint): string =>
  `${contract.status} ${print(stepsOf(contract, now))}`;

function check({ path, now, advanced }: Edge): void {
  const { contract } = advanced;
  const steps = stepsOf(contract, now);
  const where = `${path.join(' > ')} (${contract.status}): ${brief(steps)}`;
  const assert = (holds: boolean, rule: string) => {
    if (!holds) throw new Error(`${rule}: ${where}`);
  };
  const ways = forward(steps);
  assert(
    ways.map(({ name }) => name).join() ===
      rentalProcess
        .filter(({ name, isSeldom }) => !isSeldom || ways.some((step) => step.name === name))
        .map(({ name }) => name)
        .join(),
    'every step is there, in its order',
  );

  const running = ways.filter(({ state }) => state === 'running');
  const waiting = ways.filter(({ state }) => state === 'waiting');
  const failed = ways.filter(({ state }) => state === 'failed');
  const decided = ways.filter(({ state }) => DECIDED.includes(state));
  assert(decided.length + running.length + waiting.length === ways.length, 'no other states');
  assert(running.length === 1 || decided.length === ways.length, 'one step runs, or all are decided');
  assert(isFinal(contract.status) ? running.length === 0 : failed.length === 0, 'what ended does not run');
  const firstOpen = ways.findIndex(({ state }) => state === 'running' || state === 'waiting');
  assert(
    firstOpen < 0 || ways.slice(firstOpen + 1).every(({ state }) => state === 'waiting'),
    'behind what runs everything waits',
  );
  assert(
    running.every(({ dueAtNs }) => dueAtNs === contract.deadlineAtNs),
    'what runs has the deadline of the state',
  );
  assert(failed.length <= 1, 'one step fails');
  for (const step of steps) {
    if (step.state === 'failed') {
      assert(
        step.reason !== undefined && step.text === REASONS[step.reason as 'INTERNAL'],
        'a failure has its reason',
      );
    }
    assert(step.text !== '', 'every step says something');
    assert(step.state !== 'waiting' || step.startedAtNs === undefined, 'what waits has not begun');
    assert((step.actualSeconds ?? 0) >= 0, 'nothing takes less than no time');
  }

  let latest = 0n;
  for (const { startedAtNs, finishedAtNs } of ways) {
    for (const time of [startedAtNs, finishedAtNs]) {
      if (time === undefined) continue;
      assert(time >= latest, 'times never go backwards');
      latest = time;
    }
  }
  const undone = back(steps);
  assert(isFinal(contract.status) || undone.length === 0, 'nothing is taken back while it lives');
  if (!isFinal(contract.status)) return;
  for (const undo of undone) {
    assert(undo.startedAtNs === undefined || undo.startedAtNs >= latest, 'taken back after all steps');
    const { startedAtNs, finishedAtNs } = undo;
    assert(
      finishedAtNs === undefined || finishedAtNs >= (startedAtNs ?? latest),
      'finished after it was begun',
    );
    assert(['undoing', 'undone', 'skipped'].includes(undo.state), 'taking back has its own states');
    assert(undo.state !== 'skipped' || undo.name === 'refund', 'only money may not be due');
  }
  for (const step of rentalProcess) {
    const shown = ways.find(({ name }) => name === step.name);
    if (step.undo && shown?.state === 'done') {
      assert(
        undone.some(({ undoes }) => undoes === step.name),
        `${step.name} is taken back`,
      );
    }
  }
  const refund = undone.find(({ name }) => name === 'refund');
  if (contract.paidE9s > 0n) {
    assert(refund !== undefined, 'who paid sees what comes back');
    assert((refund?.state === 'skipped') === (contract.refundDueE9s === 0n), 'what is due comes back');
  }
}

/** Everything that others still have to say about an ended rental has been said. */
function settled(contract: Contract, now: bigint): Contract {
  let last = contract;
  for (const name of ['removed', 'refunded', 'stock-released']) {
    if (name === 'removed' && contract.attempts === 0 && contract.provisioningCompletedAtNs === null)
      continue;
    const change = happenings[name]?.(last, now, now);
    if (change) last = advance(last, change, now, LIMITS).contract;
  }
  return last;
}

describe.each([
  ['the same clock', 0n],
  ['clocks that are slow', -5n * SECOND],
  ['clocks that are fast', 5n * SECOND],
] as const)('every life of every rental, with %s', (_name, skewNs) => {
  const edges = births.flatMap((birth) => [...allLives(birth, skewNs)]);

  it('has steps that keep the rules', () => {
    for (const edge of edges) check(edge);
    expect(edges.length).toBeGreaterThan(1_000);
  });

  it('was no empty walk: every move of the table was made', () => {
    const made = new Set(
      edges.flatMap(({ advanced }) =>
        advanced.history.map(({ oldStatus, newStatus }) => `${oldStatus}>${newStatus}`),
      ),
    );
    const moves = lifecycle.states.flatMap((from) => lifecycle.table[from].map((to) => `${from}>${to}`));
    expect([...made]).toEqual(expect.arrayContaining(moves));
  });

  it('ends with nothing open once all has been said', () => {
    let ends = 0;
    for (const { path, now, advanced } of edges) {
      if (!isFinal(advanced.contract.status)) continue;
      ends++;
      const steps = stepsOf(settled(advanced.contract, now + SECOND), now + SECOND);
      const open = steps.filter(({ state }) => ![...DECIDED, 'undone'].includes(state));
      if (open.length > 0) throw new Error(`${path.join(' > ')}: still open is ${brief(open)}`);
    }
    expect(ends).toBeGreaterThan(500);
  });
});

it('says the steps exactly when they have changed', () => {
  let silent = 0;
  const edges = births.flatMap((birth) => [...allLives(birth, 0n)]);
  const faults = edges.flatMap(({ path, now, advanced }) => {
    const { before, contract } = advanced;
    const after = seen(contract, now);
    const isSame = before !== null && seen(before, now) === after;
    const published = stepsChanged(advanced, now).map(({ payload }) => payload as { steps: RentalStep[] });
    if (published.length === 0) silent++;
    const isRight = isSame
      ? published.length === 0
      : published.length === 1 && print(published[0]?.steps) === print(stepsOf(contract, now));
    return isRight ? [] : [path];
  });
  expect(faults).toEqual([]);
  expect(silent).toBeGreaterThan(0);
});
