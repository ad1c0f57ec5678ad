import type { StepName, UndoName } from '@decent-cloud/messages/process';
import type { Contract } from '../contract.ts';

type Text = string | ((contract: Contract) => string);
type Texts = { readonly waiting: Text; readonly running: Text; readonly done: Text };
type UndoTexts = { readonly undoing: Text; readonly undone: Text };

const NOT_NEEDED = 'Not needed any more: the rental has ended.';

/** What each step means, for both parties. A failure is told by the catalogue of reasons. */
const steps: Readonly<Record<StepName, Texts>> = {
  'hold-stock': {
    waiting: 'One unit of the offering will be held.',
    running: 'One unit of the offering is being held.',
    done: 'One unit of the offering is held for this rental.',
  },
  request: {
    waiting: 'The request will be written down.',
    running: 'The request is being written down.',
    done: 'The request is made.',
  },
  pay: {
    waiting: 'The price will be taken from the wallet.',
    running: 'The price is being taken from the wallet.',
    done: 'The price is paid, and held until it is earned.',
  },
  accept: {
    waiting: 'The provider is asked once the price is paid.',
    running: 'The provider has to accept the request.',
    done: ({ autoAccept }) =>
      autoAccept
        ? 'Accepted at once, as the provider has set it up.'
        : 'The provider has accepted the request.',
  },
  'assign-agent': {
    waiting: 'An agent of the provider will be given the job.',
    running: 'An agent of the provider is being looked for.',
    done: 'An agent of the provider has the job.',
  },
  'make-machine': {
    waiting: 'The agent will make the machine.',
    running: ({ attempts }) =>
      attempts > 1
        ? `The agent is making the machine: attempt ${attempts}.`
        : 'The agent is making the machine.',
    done: 'The machine is made.',
  },
  'hand-over': {
    waiting: 'The machine will be handed over.',
    running: 'The machine is being handed over.',
    done: 'The machine is ready: the paid time runs from here.',
  },
  'restore-machine': {
    waiting: 'The machine is up.',
    running: ({ machineAvailability, machineWantedAgainAtNs }) =>
      machineWantedAgainAtNs !== null
        ? 'The machine is lost: another one is being made. The time without a machine is not charged.'
        : machineAvailability === 'stopped'
          ? 'The machine has stopped: its agent starts it again. This time is not charged.'
          : 'The machine is not there at the provider. This time is not charged.',
    done: 'The machine is back.',
  },
};

const undos: Readonly<Record<UndoName, UndoTexts>> = {
  'release-stock': {
    undoing: 'The unit is being given back.',
    undone: 'The unit is for rent again.',
  },
  refund: {
    undoing: 'What was not used is on its way back to the wallet.',
    undone: 'What was not used is back in the wallet.',
  },
  'remove-machine': {
    undoing: 'The machine is being removed.',
    undone: 'The machine is gone.',
  },
};

export const NOTHING_TO_PAY = 'There is nothing to pay.';
export const NOTHING_DUE = 'Nothing is due: the paid time was used.';

const say = (text: Text, contract: Contract): string => (typeof text === 'string' ? text : text(contract));

export const textOfStep = (name: StepName, state: keyof Texts | 'skipped', contract: Contract): string =>
  state === 'skipped' ? NOT_NEEDED : say(steps[name][state], contract);

export const textOfUndo = (name: UndoName, state: keyof UndoTexts, contract: Contract): string =>
  say(undos[name][state], contract);
