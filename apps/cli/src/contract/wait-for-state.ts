import { ApiError, type Client, type LiveEvent } from '@decent-cloud/client';
import { getContract } from '@decent-cloud/messages/contracts';
import type { RentalStep } from '@decent-cloud/messages/rental-steps';
import { CliError, EXIT } from '../exit.ts';
import type { Session } from '../session.ts';
import type { Contract } from '../ssh/target.ts';
import { askForSteps, describeStep, StepNotes } from './describe-steps.ts';

export const WAIT_SECONDS = 300;
const ORDER = ['requested', 'pending', 'accepted', 'provisioning', 'provisioned', 'active'];
const ENDS = ['rejected', 'cancelled', 'expired', 'provisioningfailed', 'failed'];
export const STATES: readonly string[] = [...ORDER, ...ENDS];

/** Live changes make waiting quick; asking now and then makes it certain. */
const ASK_EVERY_MS = { connected: 15_000, alone: 2_000 };

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
  const client = await session.client();
  const stop = new AbortController();
  const deadline = AbortSignal.timeout(wait.timeoutSeconds * 1000);
  const signal = AbortSignal.any([session.outside.signal, stop.signal, deadline]);
  const changes = listen(client, wait.contractId, signal);
  let last: Contract | undefined;
  const notes = new StepNotes();
  try {
    while (!signal.aborted) {
      const asked = changes.arm();
      const contract = await ask(session, client, wait.contractId, signal);
      if (contract) {
        await tell(session, notes, contract, last, signal);
        last = contract;
        const verdict = judge(contract.status, wait.state);
        if (verdict === 'reached') return contract;
        if (verdict === 'unreachable') throw ended(contract, wait.state);
      }
      await asked;
    }
  } catch (error) {
    // Whatever the deadline cut off is not the reason to tell.
    if (error instanceof CliError || !deadline.aborted) throw error;
  } finally {
    stop.abort();
    await changes.done;
  }
  session.outside.signal.throwIfAborted();
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

async function ask(
  session: Session,
  client: Client,
  contractId: string,
  signal: AbortSignal,
): Promise<Contract | undefined> {
  try {
    return await client.call(getContract, { params: { id: contractId } }, { signal });
  } catch (error) {
    if (!(error instanceof ApiError && error.passing)) throw error;
    session.note(`${error.message}: trying again`);
    return undefined;
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

interface Changes {
  /** Resolves at the next change from now on, or when it is time to ask anyway. */
  arm(): Promise<void>;
  readonly done: Promise<void>;
}

function listen(client: Client, contractId: string, signal: AbortSignal): Changes {
  let isConnected = false;
  let wake: () => void = () => undefined;
  const follow = async (): Promise<void> => {
    const events = client.subscribe({
      signal,
      onConnect: () => {
        isConnected = true;
        // What changed while nobody listened has no event any more.
        wake();
      },
      onBreak: () => {
        isConnected = false;
      },
    });
    for await (const event of events) if (concerns(event, contractId)) wake();
  };
  return {
    arm: () =>
      new Promise((resolve) => {
        const finish = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', finish);
          resolve();
        };
        const timer = setTimeout(finish, ASK_EVERY_MS[isConnected ? 'connected' : 'alone']);
        signal.addEventListener('abort', finish, { once: true });
        if (signal.aborted) finish();
        wake = finish;
      }),
    // A platform without live changes is asked more often instead.
    done: follow().catch(() => {
      isConnected = false;
    }),
  };
}

function concerns({ event, data }: LiveEvent, contractId: string): boolean {
  if (event === 'reset' || typeof data !== 'object' || data === null) return true;
  const named = (data as { contract_id?: unknown }).contract_id;
  return named === undefined || named === contractId.toLowerCase();
}
