import { decide, dueEndings, mayTouch } from './decide.ts';
import type { MachineRecord, Phase } from './record.ts';

const record = (phase: Phase, generation = 2, over: Partial<MachineRecord> = {}): MachineRecord => ({
  contractId: 'c',
  generation,
  phase,
  changedAtNs: '0',
  ...over,
});
const want = (desired: 'running' | 'stopped' | 'absent', generation = 2, endsAtNs?: string) => ({
  desired,
  generation,
  endsAtNs,
});
const PHASES: Phase[] = ['creating', 'running', 'stopped', 'failed', 'removing', 'gone'];

describe('the generation is the fence', () => {
  test.each(PHASES)('an older command changes nothing about a machine that is %s', (phase) => {
    for (const desired of ['running', 'stopped', 'absent'] as const) {
      expect(decide(want(desired, 1), record(phase), 0n)).toEqual({ act: 'nothing', why: 'stale' });
    }
  });

  test.each(PHASES)('a newer command to run begins anew when the older one is %s', (phase) => {
    expect(decide(want('running', 3), record(phase), 0n)).toEqual({ act: 'create' });
  });

  test.each(PHASES)('a newer command to be absent removes what is %s', (phase) => {
    expect(decide(want('absent', 3), record(phase), 0n)).toEqual({ act: 'remove' });
  });
});

describe('within one generation', () => {
  test.each<[Phase, object]>([
    ['creating', { act: 'create' }],
    ['running', { act: 'repeat-result' }],
    ['failed', { act: 'repeat-result' }],
    ['stopped', { act: 'resume' }],
    ['removing', { act: 'nothing', why: 'removed' }],
    ['gone', { act: 'repeat-result' }],
  ])('wanted running and %s', (phase, decision) => {
    expect(decide(want('running'), record(phase), 0n)).toEqual(decision);
  });

  test('a machine that was stopped at its end stays so until the end is moved', () => {
    expect(decide(want('running', 2, '10'), record('stopped'), 10n)).toEqual({ act: 'nothing', why: 'over' });
    expect(decide(want('running', 2, '11'), record('stopped'), 10n)).toEqual({ act: 'resume' });
  });

  test.each<[Phase, object]>([
    ['creating', { act: 'remove' }],
    ['running', { act: 'remove' }],
    ['removing', { act: 'remove' }],
    ['gone', { act: 'repeat-result' }],
  ])('wanted absent and %s', (phase, decision) => {
    expect(decide(want('absent'), record(phase), 0n)).toEqual(decision);
  });

  test('wanted stopped', () => {
    expect(decide(want('stopped'), record('running'), 0n)).toEqual({ act: 'stop' });
    expect(decide(want('stopped'), record('stopped'), 0n)).toEqual({ act: 'nothing', why: 'as-wanted' });
    expect(decide(want('stopped'), record('gone'), 0n)).toEqual({ act: 'nothing', why: 'removed' });
    expect(decide(want('stopped'), undefined, 0n)).toEqual({ act: 'nothing', why: 'unknown' });
  });
});

test('what is not known is made or looked for', () => {
  expect(decide(want('running'), undefined, 0n)).toEqual({ act: 'create' });
  expect(decide(want('absent'), undefined, 0n)).toEqual({ act: 'remove' });
});

test('ends of paid time count while the platform is away, and for machines that run', () => {
  const due = record('running', 1, { endsAtNs: '10' });
  const all = [
    due,
    record('running', 1, { endsAtNs: '11' }),
    record('running'),
    record('gone', 1, { endsAtNs: '1' }),
  ];
  expect(dueEndings(all, 10n, false)).toEqual([due]);
  expect(dueEndings(all, 10n, true)).toEqual([]);
});

test('only machines of this agent and environment are touched, and none of a newer generation', () => {
  const command = { generation: 2, agent: 'a', environment: 'test' };
  expect(mayTouch(undefined, command)).toBe('yes');
  expect(mayTouch({ ...command, generation: 1 }, command)).toBe('yes');
  expect(mayTouch({ ...command, generation: 3 }, command)).toBe('newer');
  expect(mayTouch({ ...command, agent: 'b' }, command)).toBe('foreign');
  expect(mayTouch({ ...command, environment: 'prod' }, command)).toBe('foreign');
});
