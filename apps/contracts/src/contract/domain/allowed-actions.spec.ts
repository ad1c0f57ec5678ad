import { Refusal } from '@decent-cloud/kernel';
import {
  CONTRACT_ACTIONS,
  CONTRACT_STATUSES,
  type ContractAction,
  MACHINE_AVAILABILITIES,
  PAYMENT_STATUSES,
} from '@decent-cloud/messages/words';
import { LIMITS, PROVIDER_KEY, sampleContract, T0, TENANT_KEY } from '../../../test/sample-contract.ts';
import { requestAction } from '../../machine-action/domain/machine-action.ts';
import { advance } from './advance.ts';
import { allowedActions } from './allowed-actions.ts';
import type { Change, Contract } from './contract.ts';
import { accept, cancel, reject } from './decide.ts';
import { whenLost } from './machine-availability.ts';

const by = (publicKey: string) => ({ publicKey, memo: undefined });

/** What the verb of each action decides. */
const VERBS: Readonly<Record<ContractAction, (contract: Contract, now: bigint) => Change | undefined>> = {
  accept: () => accept(by(PROVIDER_KEY)),
  reject: () => reject(by(PROVIDER_KEY)),
  cancel: () => cancel(by(TENANT_KEY)),
  'reset-password': (contract, now) => requestAction(contract, 'reset-password', 0, now),
  'rotate-ssh-key': (contract, now) => requestAction(contract, 'rotate-ssh-key', 0, now),
  'set-when-machine-lost': (contract) => whenLost(contract, 'make-again'),
};

function isDone(action: ContractAction, contract: Contract, now: bigint): boolean {
  try {
    advance(contract, VERBS[action](contract, now) ?? {}, now, LIMITS);
    return true;
  } catch (error) {
    if (error instanceof Refusal && error.reason === 'TRANSITION_NOT_ALLOWED') return false;
    throw error;
  }
}

it.each(CONTRACT_STATUSES)('an action is named exactly when its verb does it: %s', (status) => {
  for (const paymentStatus of PAYMENT_STATUSES) {
    for (const machineAvailability of MACHINE_AVAILABILITIES) {
      const contract = sampleContract(status, { paymentStatus, machineAvailability });
      const where = { paymentStatus, machineAvailability };
      const done = CONTRACT_ACTIONS.filter((action) => isDone(action, contract, T0));
      expect({ ...where, actions: allowedActions(contract, ['tenant', 'provider']) }).toEqual({
        ...where,
        actions: done,
      });
    }
  }
});

it('each party is named its own', () => {
  const paid = sampleContract('requested', { paymentStatus: 'succeeded' });
  expect(allowedActions(paid, ['provider'])).toEqual(['accept', 'reject']);
  expect(allowedActions(paid, ['tenant'])).toEqual(['cancel', 'set-when-machine-lost']);
  expect(allowedActions(paid, [])).toEqual([]);
});

it('what is not paid cannot be accepted, and what has ended is left alone', () => {
  const unpaid = sampleContract('requested', { paymentStatus: 'pending' });
  expect(allowedActions(unpaid, ['provider'])).toEqual(['reject']);
  expect(allowedActions(sampleContract('cancelled'), ['tenant', 'provider'])).toEqual([]);
});
