import { type contractEvent, listContractEvents } from '@decent-cloud/messages/contracts';
import type { Output } from '@decent-cloud/messages/wire';
import { ACTION_EVENTS, type MachineActionKind } from '@decent-cloud/messages/words';
import { isOver } from '../contract-states.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Session } from '../session.ts';
import type { Contract } from '../ssh/target.ts';
import { followContract } from './follow-contract.ts';
import { WAIT_SECONDS } from './wait-for-state.ts';

type ContractEvent = Output<typeof contractEvent>;

const EVENTS_AT_ONCE = 500;

/** Since when it is waited for; absent when nothing is under way. */
const SINCE = {
  'reset-password': 'password_reset_requested_at_ns',
  'rotate-ssh-key': 'ssh_key_rotation_requested_at_ns',
} as const satisfies Record<MachineActionKind, keyof Contract>;

/** Follows a contract until what was asked for inside of its machine is done. @throws CliError when it failed, or not in time */
export async function waitForAction(
  session: Session,
  kind: MachineActionKind,
  contractId: string,
): Promise<void> {
  const timeoutSeconds = session.options.timeout ?? WAIT_SECONDS;
  session.note('Waiting for the agent of the machine');
  const ended = await followContract(session, { contractId, timeoutSeconds }, async (contract) =>
    contract[SINCE[kind]] === undefined || isOver(contract.status) ? contract : undefined,
  );
  const hint = `See what happened: dc contract events ${contractId}`;
  if (!ended) {
    throw new CliError(
      EXIT.timeout,
      'WAIT_TIMEOUT',
      `Not done within ${timeoutSeconds} s; it is still tried`,
      hint,
    );
  }
  const last = await lastEvent(session, contractId, [ACTION_EVENTS[kind].done, ACTION_EVENTS[kind].failed]);
  if (last?.eventType === ACTION_EVENTS[kind].done && !isOver(ended.status)) return;
  const why =
    last?.eventType === ACTION_EVENTS[kind].failed ? last.details : `the contract is ${ended.status}`;
  throw new CliError(EXIT.refused, 'OPERATION_FAILED', `Not done: ${why}`, hint);
}

async function lastEvent(
  session: Session,
  id: string,
  types: readonly string[],
): Promise<ContractEvent | undefined> {
  let found: ContractEvent | undefined;
  let cursor: string | undefined;
  for (;;) {
    const query = { limit: EVENTS_AT_ONCE, ...(cursor !== undefined && { cursor }) };
    const events = await session.call(listContractEvents, { params: { id }, query });
    found = events.findLast(({ eventType }) => types.includes(eventType)) ?? found;
    if (events.length < EVENTS_AT_ONCE) return found;
    cursor = String(events.at(-1)?.id);
  }
}
