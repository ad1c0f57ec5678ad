import { ApiError } from '@decent-cloud/client';
import { getContract } from '@decent-cloud/messages/contracts';
import type { Answer, CallInput, EndpointDeclaration } from '@decent-cloud/messages/wire';
import { knownWord } from '@decent-cloud/messages/wire';
import { CONTRACT_ACTIONS, type ContractAction } from '@decent-cloud/messages/words';
import { AdvisedError } from '../exit.ts';
import type { Session } from '../session.ts';
import type { Contract } from '../ssh/target.ts';

/** The command of each action. */
const COMMANDS: Readonly<Record<ContractAction, string>> = {
  accept: 'dc provider accept',
  reject: 'dc provider reject',
  cancel: 'dc contract cancel',
  'reset-password': 'dc contract reset-password',
  'rotate-ssh-key': 'dc contract rotate-ssh-key',
  'set-when-machine-lost': 'dc contract when-machine-lost',
};

/** What can be done with a contract now, as commands; undefined at a platform that does not say so. */
export function allowedCommands({ allowed_actions: actions }: Contract): string | undefined {
  const commands = actions?.flatMap((action) => {
    const known = knownWord(CONTRACT_ACTIONS, action);
    return known ? [COMMANDS[known]] : [];
  });
  return commands && (commands.join(', ') || 'nothing');
}

/** Does something to a contract; when its state does not allow that, the failure says what can be done instead. */
export async function actOn<D extends EndpointDeclaration>(
  session: Session,
  contractId: string,
  declaration: D,
  input: CallInput<D>,
): Promise<Answer<D>> {
  try {
    return await session.call(declaration, input);
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'TRANSITION_NOT_ALLOWED') throw error;
    const advice = await adviceOn(session, contractId);
    throw advice === undefined ? error : new AdvisedError(error, advice);
  }
}

/** Nothing when the contract is not to be had: the refusal is what counts. */
async function adviceOn(session: Session, id: string): Promise<string | undefined> {
  try {
    const contract = await session.call(getContract, { params: { id } });
    const commands = allowedCommands(contract);
    return commands && `The contract is ${contract.status}. What can be done now: ${commands}.`;
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}
