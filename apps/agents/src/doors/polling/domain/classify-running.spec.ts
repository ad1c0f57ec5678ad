import { type ContractState, classifyRunning, type KnownContract } from './classify-running.ts';

const ID = 'ab'.repeat(32);
const running: KnownContract = {
  contractId: ID,
  hasEnded: false,
  desired: 'running',
  acceptedExternalId: 'vm-1',
  isWanted: true,
};
const place = (known: Partial<KnownContract>, state?: ContractState, externalId = 'vm-1') => {
  const answer = classifyRunning(
    [{ externalId, contractId: ID }],
    [{ ...running, ...known }],
    new Map(state ? [[ID, state]] : []),
  );
  const places = Object.entries(answer).filter(([, list]) => list.length > 0);
  expect(places).toHaveLength(1);
  return [places[0]?.[0], places[0]?.[1][0]];
};

test('what shall run is kept, until the contract ends', () => {
  const kept = { externalId: 'vm-1', contractId: ID };
  expect(place({}, { status: 'active', endsAtNs: 7n })).toEqual(['keep', { ...kept, endsAt: 7n }]);
  expect(place({})).toEqual(['keep', { ...kept, endsAt: 0n }]);
});

test('a paused one is to be stopped', () => {
  expect(place({}, { status: 'paused' })[0]).toBe('pause');
});

test.each([
  ['cancelled', 'cancelled'],
  ['rejected', 'cancelled'],
  ['expired', 'expired'],
])('a contract that has ended (%s): terminate, reason %s', (status, reason) => {
  expect(place({ hasEnded: true }, { status })).toEqual([
    'terminate',
    { externalId: 'vm-1', contractId: ID, reason },
  ]);
});

test('a state of the contract alone destroys nothing', () => {
  expect(place({}, { status: 'cancelled' })[0]).toBe('keep');
});

describe('an agent that lost the contract', () => {
  test('terminates what it has, once the other has one', () => {
    expect(place({ desired: 'absent', acceptedExternalId: 'vm-2' })[0]).toBe('terminate');
  });
  test('keeps what may be that of the other', () => {
    expect(place({ desired: 'absent', acceptedExternalId: 'vm-1' })[0]).toBe('keep');
    expect(place({ desired: 'absent', acceptedExternalId: null })[0]).toBe('keep');
  });
  test('terminates it when nobody is to have one', () => {
    expect(place({ desired: 'absent', acceptedExternalId: null, isWanted: false })[0]).toBe('terminate');
  });
});

test('a colleague sees the machine of another agent: kept', () => {
  expect(place({ desired: null })[0]).toBe('keep');
});

test('without a contract, with nonsense, of nobody that we know: unknown', () => {
  const answer = classifyRunning(
    [
      { externalId: 'a' },
      { externalId: 'b', contractId: 'zz' },
      { externalId: 'c', contractId: ID.toUpperCase() },
    ],
    [],
    new Map(),
  );
  expect(answer).toEqual({
    keep: [],
    terminate: [],
    pause: [],
    unknown: [
      { externalId: 'a', message: 'No contract ID' },
      { externalId: 'b', message: 'No contract found with ID: zz' },
      { externalId: 'c', message: `No contract found with ID: ${ID.toUpperCase()}` },
    ],
  });
});

test('ids in capitals are the same contract', () => {
  const answer = classifyRunning([{ externalId: 'a', contractId: ID.toUpperCase() }], [running], new Map());
  expect(answer.keep).toEqual([{ externalId: 'a', contractId: ID.toUpperCase(), endsAt: 0n }]);
});
