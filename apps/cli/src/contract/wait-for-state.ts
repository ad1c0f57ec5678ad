import { ApiError } from '@decent-cloud/client';
import type { RentalStep } from '@decent-cloud/messages/rental-steps';
import { CliError, EXIT } from '../exit.ts';
import { ENDS, type Session } from '../session.ts';
import type { Contract } from '../ssh/target.ts';
import { askForSteps, describeStep, StepNotes } from './describe-steps.ts';
import { followContract } from './follow-contract.ts';

export const WAIT_SECONDS = 300;
const ORDER = ['requested', 'pending', 'accepted', 'provisioning', 'provisioned', 'active'];
export const STATES: readonly string[] = [...ORDER, ...ENDS];

export interface Wait {
  readonly contractId: string;
  readonly state: string;
  readonly timeoutSeconds: number;
}

export type Verdict = 'reached' | 'unreachable' | 'on its way';

/** What a status means to somebody who waits for a state. */
export function judge(status: string, wanted: string): Verdict {
  if (status === wanted) return 'reached';
  if (ENDS.includes(status)) return 'unreachable';
  const isBeyond = ORDER.includes(wanted) && ORDER.indexOf(status) > ORDER.indexOf(wanted);
  return isBeyond ? 'reached' : 'on its way';
}

/** Follows a contract until it is in the state or beyond. @throws CliError when that cannot be any more, or not in time. */
export async function waitForState(session: Session, wait: Wait): Promise<Contract> {
  let last: Contract | undefined;
  const notes = new StepNotes();
  const reached = await followContract(session, wait, async (contract, signal) => {
    await tell(session, notes, contract, last, signal);
    last = contract;
    const verdict = judge(contract.status, wait.state);
    if (verdict === 'unreachable') throw ended(contract, wait.state);
    return verdict === 'reached' ? contract : undefined;
  });
  if (reached) return reached;
  throw new CliError(
    EXIT.timeout,
    'WAIT_TIMEOUT',
    `Not ${wait.state} within ${wait.timeoutSeconds} s: ${last ? `the contract is ${last.status}` : 'no answer'}`,
    `Wait longer with --timeout, or see what happened: dc contract events ${wait.contractId}`,
  );
}

/** For people: each step as it begins and ends, and the states. */
async function tell(
  session: Session,
  notes: StepNotes,
  contract: Contract,
  last: Contract | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (session.options.json) return;
  const at = new Date().toISOString().slice(11, 19);
  for (const step of notes.news(await stepsNow(session, contract.contract_id, signal)))
    session.note(`${at}  ${describeStep(step)}`);
  if (contract.status !== last?.status) session.note(`${at}  ${contract.status}`);
}

/** Empty when they are not to be had just now: what is waited for is the state. */
async function stepsNow(session: Session, id: string, signal: AbortSignal): Promise<readonly RentalStep[]> {
  try {
    return (await askForSteps(session, id, { signal })) ?? [];
  } catch (error) {
    if (!(error instanceof ApiError && error.passing)) throw error;
    session.note(`${error.message}: trying again`);
    return [];
  }
}

function ended(contract: Contract, wanted: string): CliError {
  const why = contract.provisioning_failure_reason;
  return new CliError(
    EXIT.refused,
    'CONTRACT_ENDED',
    `The contract is ${contract.status} and will not be ${wanted}${why ? `: ${why}` : ''}`,
    `See what happened: dc contract events ${contract.contract_id}`,
  );
}
