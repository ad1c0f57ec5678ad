import { Refusal } from '@decent-cloud/kernel';
import {
  LIMITS,
  SSH_KEY,
  sampleContract,
  T0,
  TENANT_KEY,
  TENANT_OTHER_KEY,
} from '../../../test/sample-contract.ts';
import { advance } from '../../contract/domain/advance.ts';
import { lifecycle } from '../../contract/domain/status.ts';
import {
  actionFinished,
  isNews,
  type MachineAction,
  RESETS_AN_HOUR,
  requestAction,
} from './machine-action.ts';

const NEW_KEY = SSH_KEY.replace('ssh-ed25519', 'ssh-new');
const ALONE = { youngerDone: false, youngerRequested: false };
const active = () =>
  sampleContract('active', { passwordResetRequestedAtNs: T0, sshKeyRotationRequestedAtNs: T0 });
const action = (changes: Partial<MachineAction> = {}): MachineAction => ({
  actionId: '0190a5b0-7c1d-7e3a-8f00-000000000002',
  contractId: active().contractId,
  kind: 'reset-password',
  sshPublicKey: null,
  encryptionPublicKeys: [TENANT_KEY],
  requestedAtNs: T0,
  outcome: null,
  ...changes,
});
const rotation = (changes: Partial<MachineAction> = {}) =>
  action({ kind: 'rotate-ssh-key', sshPublicKey: NEW_KEY, encryptionPublicKeys: [], ...changes });
const finished = (of: MachineAction, changes: object = {}) => ({
  operationId: of.actionId,
  contractId: of.contractId,
  generation: 1,
  kind: of.kind,
  outcome: 'done' as const,
  credentials: [
    { recipientPublicKey: TENANT_KEY, envelope: 'mine' },
    { recipientPublicKey: TENANT_OTHER_KEY, envelope: 'not asked for' },
  ],
  atNs: T0,
  ...changes,
});
const failed = { outcome: 'failed' as const, credentials: [], failure: { code: 'X', message: 'no luck' } };

describe('asking for an action', () => {
  const kinds = ['reset-password', 'rotate-ssh-key'] as const;
  const allowed = (status: Parameters<typeof sampleContract>[0], kind: (typeof kinds)[number]) => {
    try {
      return requestAction(sampleContract(status), kind, 0, T0) !== undefined;
    } catch (error) {
      if (error instanceof Refusal && error.reason === 'TRANSITION_NOT_ALLOWED') return false;
      throw error;
    }
  };
  it.each(kinds)('%s: while there is a machine in use, and at no other time', (kind) => {
    expect(lifecycle.states.filter((status) => allowed(status, kind))).toEqual(['provisioned', 'active']);
  });

  it('is an event, and the contract shows since when it is waited for', () => {
    const change = requestAction(sampleContract('active'), 'reset-password', 0, T0);
    const { contract, events, facts } = advance(sampleContract('active'), change, T0, LIMITS);
    expect(contract).toMatchObject({ passwordResetRequestedAtNs: T0, sshKeyRotationRequestedAtNs: null });
    expect(events).toMatchObject([{ eventType: 'password_reset_requested', actor: 'tenant' }]);
    expect(facts).toEqual([]);
  });

  it('more than five resets an hour are refused; keys may be changed more often', () => {
    const contract = sampleContract('active');
    expect(requestAction(contract, 'reset-password', RESETS_AN_HOUR - 1, T0)).toBeDefined();
    expect(() => requestAction(contract, 'reset-password', RESETS_AN_HOUR, T0)).toThrow(/5 times an hour/);
    expect(requestAction(contract, 'rotate-ssh-key', 100, T0)).toBeDefined();
  });
});

describe('what came of it', () => {
  it('a reset brings the credentials that were asked for, and ends the waiting', () => {
    const one = action();
    const change = actionFinished(active(), one, finished(one), ALONE);
    expect(change).toEqual({
      set: { passwordResetRequestedAtNs: null },
      events: [{ eventType: 'password_reset_complete', actor: 'provider' }],
      credentials: [{ recipientPublicKey: TENANT_KEY, envelope: 'mine' }],
    });
  });

  it('a rotation brings the new key into contract and order', () => {
    const one = rotation();
    const { set } = actionFinished(active(), one, finished(one), ALONE) ?? {};
    expect(set).toMatchObject({
      tenantSshPublicKey: NEW_KEY,
      sshKeyRotationRequestedAtNs: null,
      machineSpec: { offeringId: 'small-vps', sshPublicKeys: [NEW_KEY] },
    });
  });

  it('a failure changes nothing but the waiting, and says why', () => {
    for (const one of [action(), rotation()]) {
      const change = actionFinished(active(), one, finished(one, failed), ALONE);
      expect(change?.events).toMatchObject([{ actor: 'system', details: 'X: no luck' }]);
      expect(Object.values(change?.set ?? {})).toEqual([null]);
      expect(change?.credentials).toBeUndefined();
    }
  });

  it('an older one does not undo a younger one, nor end the waiting for it', () => {
    const one = rotation();
    const late = actionFinished(active(), one, finished(one), {
      youngerDone: true,
      youngerRequested: true,
    });
    expect(late?.set).toEqual({});
    const waiting = actionFinished(active(), one, finished(one), { ...ALONE, youngerRequested: true });
    expect(waiting?.set).toMatchObject({ tenantSshPublicKey: NEW_KEY });
    expect(waiting?.set).not.toHaveProperty('sshKeyRotationRequestedAtNs');
  });

  it('contracts that have ended, and other machines, stay as they are', () => {
    const one = rotation();
    for (const status of lifecycle.finals) {
      expect(actionFinished(sampleContract(status), one, finished(one), ALONE)).toBeUndefined();
    }
    const remade = { ...active(), machineGeneration: 2 };
    expect(actionFinished(remade, one, finished(one), ALONE)).toBeUndefined();
  });

  it('is noted once; done counts also after it was given up', () => {
    const [done, lost] = [finished(action()), finished(action(), failed)];
    const pairs = ([null, 'failed', 'done'] as const).map((outcome) => [
      isNews(action({ outcome }), done),
      isNews(action({ outcome }), lost),
    ]);
    expect(pairs).toEqual([
      [true, true],
      [true, false],
      [false, false],
    ]);
  });
});
