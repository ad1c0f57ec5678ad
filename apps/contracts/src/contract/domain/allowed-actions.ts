import { CONTRACT_ACTIONS, type ContractAction } from '@decent-cloud/messages/words';
import type { Contract } from './contract.ts';
import { mayMove } from './moves.ts';
import { hasMachineInUse, isFinal } from './status.ts';

export type Party = 'tenant' | 'provider';

/** Whose each action is, and the rule by which its verb allows it. */
const ACTIONS: Readonly<
  Record<ContractAction, { readonly of: Party; readonly isAllowed: (contract: Contract) => boolean }>
> = {
  accept: { of: 'provider', isAllowed: (contract) => mayMove(contract, 'accepted') },
  reject: { of: 'provider', isAllowed: (contract) => mayMove(contract, 'rejected') },
  cancel: { of: 'tenant', isAllowed: (contract) => mayMove(contract, 'cancelled') },
  'reset-password': { of: 'tenant', isAllowed: ({ status }) => hasMachineInUse(status) },
  'rotate-ssh-key': { of: 'tenant', isAllowed: ({ status }) => hasMachineInUse(status) },
  'set-when-machine-lost': { of: 'tenant', isAllowed: ({ status }) => !isFinal(status) },
};

/** What somebody who is these parties of a contract can do to it now. */
export const allowedActions = (contract: Contract, parties: readonly Party[]): ContractAction[] =>
  CONTRACT_ACTIONS.filter((action) => {
    const { of, isAllowed } = ACTIONS[action];
    return parties.includes(of) && isAllowed(contract);
  });
