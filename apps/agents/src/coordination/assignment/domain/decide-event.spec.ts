import type { Attempt } from './attempt.ts';
import { decideOnEvent, type Effect, type MachineEvent, type MachineState } from './decide-event.ts';

const head = {
  v: 1 as const,
  eventId: '0190a5b0-7c1d-7e3a-8f00-000000000001',
  agentPublicKey: 'a',
  contractId: 'c',
  generation: 1,
  seq: 1,
  atNs: '1',
  sig: '',
};
const claimed: MachineEvent = { ...head, kind: 'claimed' };
const progress: MachineEvent = { ...head, kind: 'progress', payload: { step: 'cloning' } };
const terminated: MachineEvent = { ...head, kind: 'terminated' };
const provisioned: MachineEvent = {
  ...head,
  kind: 'provisioned',
  payload: {
    instance: { externalId: 'x', provisionerType: 'docker', sshPort: 22, sshUser: 'root' },
    credentials: [],
  },
};
const failed = (kind: 'transient' | 'capacity' | 'config' | 'permanent'): MachineEvent => ({
  ...head,
  kind: 'failed',
  payload: { class: kind, code: 'x', message: 'x', resourcesLeft: [] },
});

const given = (state: MachineState, desired: 'running' | 'absent' = 'running', newest = 1) => ({
  when: (event: MachineEvent, attempts: Attempt[] = []) => ({
    leadsTo: (...effects: Effect[]) =>
      expect(
        decideOnEvent(
          event,
          { generation: 1, desired, state },
          { generation: newest, state: 'offered' },
          attempts,
        ),
      ).toEqual(effects),
  }),
});

describe('a wanted machine', () => {
  test('is started by its claim, or by progress when the claim is late', () => {
    given('offered').when(claimed).leadsTo({ kind: 'start' });
    given('offered').when(progress).leadsTo({ kind: 'start' });
  });
  test('is accepted when it is there, whether or not the claim has come', () => {
    given('claimed').when(provisioned).leadsTo({ kind: 'accept', startedBefore: true });
    given('offered').when(provisioned).leadsTo({ kind: 'accept', startedBefore: false });
  });
  test.each(['claimed', 'provisioned'] as const)('that is %s already is not started again', (state) => {
    given(state).when(claimed).leadsTo();
    given(state).when(progress).leadsTo();
  });
  test('that is accepted stays so; made once more, it may be reached in another way', () => {
    given('provisioned').when(provisioned).leadsTo({ kind: 'renew' });
    given('provisioned').when(failed('permanent')).leadsTo();
  });
  test('that fails follows the class of the failure', () => {
    given('claimed')
      .when(failed('permanent'))
      .leadsTo({ kind: 'fail', step: { next: 'give-up' } });
    given('claimed')
      .when(failed('config'))
      .leadsTo({ kind: 'fail', step: { next: 'only-others' } });
    given('offered')
      .when(failed('capacity'))
      .leadsTo({ kind: 'fail', step: { next: 'another-agent' } });
    given('claimed')
      .when(failed('transient'))
      .leadsTo({ kind: 'fail', step: { next: 'same-agent', afterSeconds: 5 } });
    given('claimed')
      .when(failed('transient'), [{ agentPublicKey: 'a', outcome: 'transient', settledAtNs: 1n }])
      .leadsTo({ kind: 'fail', step: { next: 'same-agent', afterSeconds: 30 } });
  });
  test('that its agent removed without being told is lost, not ended', () => {
    given('provisioned').when(terminated).leadsTo({ kind: 'publish-lost' });
    given('offered').when(terminated).leadsTo();
  });
});

describe('a machine that shall not exist', () => {
  test.each(['offered', 'claimed', 'provisioned', 'failed', 'gone'] as const)(
    'is never brought back (%s)',
    (state) => {
      given(state, 'absent').when(claimed).leadsTo({ kind: 'command-removal' });
      given(state, 'absent').when(provisioned).leadsTo({ kind: 'command-removal' });
      given(state, 'absent').when(progress).leadsTo();
      given(state, 'absent').when(failed('permanent')).leadsTo();
    },
  );
  test('is gone when its agent says so, once', () => {
    given('provisioned', 'absent').when(terminated).leadsTo({ kind: 'confirm-gone' });
    given('offered', 'absent').when(terminated).leadsTo({ kind: 'confirm-gone' });
    given('gone', 'absent').when(terminated).leadsTo();
  });
});

test('an older generation changes nothing and is told to go', () => {
  given('claimed', 'absent', 2).when(provisioned).leadsTo({ kind: 'command-removal' });
  given('offered', 'running', 2).when(claimed).leadsTo();
});

describe('what went on inside of a machine', () => {
  const operation = { operationId: head.eventId, kind: 'reset-password' as const };
  const inside: MachineEvent[] = [
    { ...head, kind: 'script-done', payload: { success: true, exitCode: 0, log: '' } },
    { ...head, kind: 'operation-done', payload: operation },
    {
      ...head,
      kind: 'operation-failed',
      payload: { ...operation, class: 'config', code: 'x', message: 'x' },
    },
  ];
  test.each(inside)(
    'is passed on of the attempt that counts, before and after it is accepted ($kind)',
    (event) => {
      for (const state of ['claimed', 'provisioned'] as const)
        given(state).when(event).leadsTo({ kind: 'pass-on' });
    },
  );
  test.each(inside)('is nobody’s business of one that was replaced or has ended ($kind)', (event) => {
    given('claimed', 'running', 2).when(event).leadsTo();
    given('provisioned', 'absent', 2).when(event).leadsTo();
    given('provisioned', 'absent').when(event).leadsTo();
    given('gone', 'absent').when(event).leadsTo();
  });
});
