import { verifyMessage } from '@decent-cloud/identity';
import {
  type AgentCommand,
  agentCommand,
  type DesiredSnapshot,
  desiredSnapshot,
} from '@decent-cloud/messages/agents/protocol';
import { knownWord } from '@decent-cloud/messages/wire';
import { MACHINE_ACTIONS, type MachineActionKind } from '@decent-cloud/messages/words';
import type { z } from 'zod';

/** A message that is not from the platform, not for this agent, or not understood. */
export class DisbelievedError extends Error {
  override readonly name = 'DisbelievedError';
}

export interface Believer {
  readonly agentPublicKey: string;
  readonly platformPublicKey: string | undefined;
  /** How a signature is verified, where it is not by `verifyMessage`. */
  readonly verify?: (publicKeyHex: string, message: unknown) => boolean;
}

/** Reads a command; only the platform's signature makes it one. @throws DisbelievedError */
export function readCommand(text: string, believer: Believer): AgentCommand {
  const command = believe(agentCommand, text, believer);
  if (isMachineAction(command.kind)) {
    if (!command.operation) throw new DisbelievedError(`${command.kind} without an operation`);
    return command;
  }
  if (command.kind !== 'resync' && !command.machine)
    throw new DisbelievedError(`${command.kind} without a machine`);
  if (command.kind === 'terminate' && command.machine?.desired !== 'absent') {
    throw new DisbelievedError('terminate of a machine that is not wanted absent');
  }
  if (command.kind === 'provision' && command.machine?.desired !== 'running') {
    throw new DisbelievedError('provision of a machine that is not wanted running');
  }
  return command;
}

/** Is it something to be done inside of a machine? */
export const isMachineAction = (kind: AgentCommand['kind']): kind is MachineActionKind =>
  knownWord(MACHINE_ACTIONS, kind) !== undefined;

/** @throws DisbelievedError */
export function readSnapshot(text: string, believer: Believer): DesiredSnapshot {
  return believe(desiredSnapshot, text, believer);
}

function believe<S extends z.ZodType<{ agentPublicKey: string }>>(
  schema: S,
  text: string,
  { agentPublicKey, platformPublicKey, verify = verifyMessage }: Believer,
): z.output<S> {
  if (platformPublicKey === undefined) throw new DisbelievedError('the key of the platform is not known yet');
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw new DisbelievedError('no JSON', { cause: error });
  }
  if (!verify(platformPublicKey, raw)) throw new DisbelievedError('not signed by the platform');
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw new DisbelievedError('not understood', { cause: parsed.error });
  if (parsed.data.agentPublicKey !== agentPublicKey) throw new DisbelievedError('meant for another agent');
  return parsed.data;
}
