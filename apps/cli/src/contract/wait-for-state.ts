import { ApiError } from '@decent-cloud/client';
import { nsToIso, systemClock } from '@decent-cloud/kernel';
import type { RentalStep } from '@decent-cloud/messages/contracts';
import type { ContractStatus } from '@decent-cloud/messages/words';
import { judge } from '../contract-states.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Session } from '../session.ts';
import type { Contract } from '../ssh/target.ts';
import { askForSteps, describeStep, StepNotes } from './describe-steps.ts';
import { followContract } from './follow-contract.ts';

export const WAIT_SECONDS = 300;

export interface Wait {
  readonly contractId: string;
  readonly state: ContractStatus;
  readonly timeoutSeconds: number;
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
  for (const step of notes.news(await stepsNow(session, contract.contract_id, signal)))
    session.note(`${clockTime(momentOf(step) ?? systemClock())}  ${describeStep(step)}`);
  if (contract.status !== last?.status)
    session.note(`${clockTime(contract.status_updated_at_ns ?? systemClock())}  ${contract.status}`);
}

/** `20:06:31`, in UTC. */
const clockTime = (ns: bigint): string => nsToIso(ns).slice(11, 19);

/** When the step came into the state that it is in. */
const momentOf = ({ finishedAtNs, attemptStartedAtNs, startedAtNs }: RentalStep): bigint | undefined =>
  finishedAtNs ?? attemptStartedAtNs ?? startedAtNs;

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
