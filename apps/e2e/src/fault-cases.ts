import type { RefusalJson } from '@decent-cloud/kernel';
import type { ArmedPoint } from '@decent-cloud/kernel/crash-file';
import { createContract, respondToRequest } from '@decent-cloud/messages/contracts';
import { actName, rentalProcess } from '@decent-cloud/messages/process';
import {
  chargeRental,
  holdStock,
  quoteRental,
  releaseFunds,
  releaseStock,
  reserveFunds,
} from '@decent-cloud/messages/requests';

/** What is done for every rental: acts of lost machines are failed by the simulator, and killed in `crash.e2e.spec.ts`. */
export const FORWARD = rentalProcess.filter(({ isSeldom }) => !isSeldom).flatMap(({ acts }) => acts);
export const UNDO = rentalProcess.flatMap(({ undo }) => undo?.acts ?? []);
/** Where the contract of a rental is written. */
export const INSERT = `contracts:${createContract.subject}:before-commit`;

/**
 * `not made`: there is no rental; `refused`: it ended with the answer, and nobody else hears of it; `ended`: by itself,
 * all refunded; `given up`: a person had to end it; `unharmed`.
 */
type Outcome = 'not made' | 'refused' | 'ended' | 'given up' | 'unharmed';
export interface FaultCase {
  readonly act: string;
  readonly as: string;
  readonly armed: Omit<ArmedPoint, 'id' | 'action'>;
  readonly outcome: Outcome;
  readonly withoutMachine?: boolean;
  readonly byHand?: boolean;
}

const refusal = (code: string, reason: string): RefusalJson =>
  ({ code, reason, message: 'told to refuse' }) as RefusalJson;
const NO = refusal('PRECONDITION', 'SERVICE_UNAVAILABLE');

/** What becomes of a rental when this act fails, and goes on failing. A new act has to say it here. */
export const OUTCOMES: Readonly<Record<string, { readonly [as: string]: Outcome }>> = {
  [`payments:${reserveFunds.subject}`]: { refused: 'not made', broken: 'not made' },
  [`offerings:${holdStock.subject}`]: { refused: 'not made', broken: 'not made' },
  [`contracts:${createContract.subject}`]: { refused: 'not made', broken: 'not made' },
  [`payments:${chargeRental.subject}`]: { refused: 'refused', broken: 'ended' },
  [`contracts:${respondToRequest.subject}`]: { refused: 'given up', broken: 'given up' },
  'contracts:evt.payments.v1.rental-charged': { broken: 'unharmed' },
  'agents:evt.contracts.v1.contract-accepted': { broken: 'ended' },
  'contracts:evt.agents.v1.machine-assigned': { broken: 'unharmed' },
  'provider-agent:command:provision': { refused: 'ended', broken: 'ended' },
  'agents:event:claimed': { broken: 'unharmed' },
  'contracts:evt.agents.v1.provisioning-started': { broken: 'unharmed' },
  'agents:event:failed': { broken: 'ended' },
  'contracts:evt.agents.v1.provisioning-failed': { broken: 'ended' },
  'agents:event:provisioned': { broken: 'ended' },
  'contracts:evt.agents.v1.machine-provisioned': { broken: 'ended' },
};

export const ALL_CASES: readonly FaultCase[] = FORWARD.flatMap((act) => {
  const name = actName(act);
  const point = act.backend ? `provider-agent:backend:${act.backend}:before` : `${name}:before-commit`;
  const failure = { class: 'permanent', code: 'TOLD_TO_FAIL', message: 'told to fail' };
  return Object.entries(OUTCOMES[name] ?? { 'not said': 'ended' as const }).map(([as, outcome]) => ({
    act: name,
    as,
    armed: { point, ...(as !== 'refused' ? {} : act.backend ? { failure } : { refusal: NO }) },
    outcome,
    withoutMachine: /:event:failed|provisioning-failed$/.test(name),
    byHand: name === `contracts:${respondToRequest.subject}`,
  }));
});

/** What goes wrong with one call to somebody else. */
export interface ForeignFault {
  readonly call: string;
  readonly fault: string;
  readonly armed: readonly Omit<ArmedPoint, 'id' | 'times'>[];
}

/** Longer than one service waits for another. */
const LATE_MS = 6_000;
const SILENCE = refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE');
const passing = { class: 'transient', code: 'TOLD_TO_FAIL', message: 'told to fail' };
const final = { ...passing, class: 'permanent' };

function faultsOf(call: string, point: string, late: string, no: object, silence: object): ForeignFault[] {
  const fail = (place: string, how: object = {}) =>
    [{ point: `${point}:${place}`, action: 'fail', ...how }] as const;
  const faults: Record<string, ForeignFault['armed']> = {
    refused: fail('before', no),
    'error before effect': fail('before'),
    'error after effect': fail('after'),
    'no answer, no effect': fail('before', silence),
    'effect, no answer': fail('after', silence),
    'late answer': [{ point: late, action: 'wait', waitMs: LATE_MS }],
    twice: [{ point: `${point}:after`, action: 'repeat' }],
  };
  return Object.entries(faults).map(([fault, armed]) => ({ call, fault, armed }));
}

export const ALL_FOREIGN: readonly ForeignFault[] = [
  ...[
    { declaration: quoteRental, no: refusal('CONFLICT', 'OUT_OF_STOCK') },
    { declaration: reserveFunds, no: refusal('PAYMENT_REQUIRED', 'INSUFFICIENT_BALANCE') },
    { declaration: holdStock, no: refusal('CONFLICT', 'OUT_OF_STOCK') },
    { declaration: chargeRental, no: refusal('PAYMENT_REQUIRED', 'INSUFFICIENT_BALANCE') },
    { declaration: releaseStock, no: refusal('CONFLICT', 'OUT_OF_STOCK') },
    { declaration: releaseFunds, no: refusal('CONFLICT', 'OUT_OF_STOCK') },
  ].flatMap(({ declaration, no }) => {
    const { subject } = declaration;
    const late = `${subject.split('.')[1]}:${subject}:after-commit`;
    const faults = faultsOf(subject, `contracts:ask:${subject}`, late, { refusal: no }, { refusal: SILENCE });
    // A read commits nothing that could hold its answer up.
    return declaration === quoteRental ? faults.filter(({ fault }) => fault !== 'late answer') : faults;
  }),
  ...['provision', 'terminate'].flatMap((call) => {
    const point = `provider-agent:backend:${call}`;
    return faultsOf(call, point, `${point}:after`, { failure: final }, { failure: passing });
  }),
];
