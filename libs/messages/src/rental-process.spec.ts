import { type Act, endings, rentalProcess, STEP_NAMES, UNDO_NAMES } from './rental-process.ts';
import { consumers } from './topology.ts';

const acts: readonly Act[] = [
  ...rentalProcess.flatMap(({ acts: own, undo }) => [...own, ...(undo?.acts ?? [])]),
  ...endings,
];

test('every step and undo step is there once, in its order', () => {
  expect(rentalProcess.map(({ name }) => name)).toEqual([...STEP_NAMES]);
  expect(rentalProcess.flatMap(({ undo }) => (undo ? [undo.name] : []))).toEqual([...UNDO_NAMES]);
});

test('whatever a service of the process reads is an act of the process', () => {
  for (const service of ['offerings', 'contracts', 'payments', 'agents'] as const) {
    const declared = acts
      .filter((act) => act.service === service && act.on.kind === 'fact')
      .map(({ on }) => ('subject' in on ? on.subject : ''));
    expect(declared.sort()).toEqual([...consumers[service].filterSubjects].sort());
  }
});

test('every fact that an act waits for is said by another act', () => {
  const said = new Set(acts.flatMap(({ says }) => (says ?? []).map((one) => JSON.stringify(one))));
  for (const { on } of acts) {
    if (on.kind !== 'request') expect([...said]).toContain(JSON.stringify(on));
  }
});
