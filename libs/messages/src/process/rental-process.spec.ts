import { consumers } from '../topology/topology.ts';
import { type Act, besides, endings, rentalProcess, STEP_NAMES, UNDO_NAMES } from './rental-process.ts';

const acts: readonly Act[] = [
  ...rentalProcess.flatMap(({ acts: own, undo }) => [...own, ...(undo?.acts ?? [])]),
  ...endings,
];

test('every step and undo step is there once, in its order', () => {
  expect(rentalProcess.map(({ name }) => name)).toEqual([...STEP_NAMES]);
  expect(rentalProcess.flatMap(({ undo }) => (undo ? [undo.name] : []))).toEqual([...UNDO_NAMES]);
});

/** Facts that services of the process read for what goes on beside it, one by one. */
const BESIDE = {
  contracts: ['evt.agents.v1.machine-operation-finished', 'evt.agents.v1.machine-script-finished'],
  agents: ['evt.contracts.v1.machine-operation-requested', 'evt.contracts.v1.paid-time-changed'],
} as const;

const factsOf = (of: readonly Act[], service: Act['service']) =>
  of
    .filter((act) => act.service === service && act.on.kind === 'fact')
    .map(({ on }) => ('subject' in on ? on.subject : ''));

test('whatever a service of the process reads is an act of the process, or of what goes on beside it', () => {
  for (const service of ['offerings', 'contracts', 'payments', 'agents'] as const) {
    const beside: readonly string[] = service in BESIDE ? BESIDE[service as keyof typeof BESIDE] : [];
    const declared = [...factsOf(acts, service), ...beside].sort();
    expect(declared).toEqual([...consumers[service].filterSubjects].sort());
    expect(factsOf(besides, service)).toEqual(expect.arrayContaining([...beside]));
  }
});

test('every fact that an act waits for is said by another act', () => {
  const all = [...acts, ...besides];
  const said = new Set(all.flatMap(({ says }) => (says ?? []).map((one) => JSON.stringify(one))));
  for (const { on } of all) {
    // What an agent sees is reported by the clock.
    const isSeen = on.kind === 'event' && on.name === 'observed';
    if (on.kind !== 'request' && !isSeen) expect([...said]).toContain(JSON.stringify(on));
  }
});
