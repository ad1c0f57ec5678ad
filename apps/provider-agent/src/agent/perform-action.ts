import { createHash, randomBytes } from 'node:crypto';
import type { AgentEvent, MachineAction } from '@decent-cloud/messages/agents/protocol';
import type { MachineActionKind } from '@decent-cloud/messages/words';
import { BackendError, type BackendFailure } from '../backends/backend.ts';
import { newPassword } from '../domain/password.ts';
import type { EventBody } from './event-outbox.ts';
import { sealFor } from './seal.ts';
import type { WorkerContext } from './worker-context.ts';

export interface ActionCommand {
  readonly kind: MachineActionKind;
  readonly operation: MachineAction;
  readonly commandId: string;
  readonly deadlineNs: string;
}

type Done = Extract<AgentEvent, { kind: 'operation-done' }>['payload'];

/**
 * Does what the tenant wants inside of a machine, once: what is known to be done already is told again by the same event.
 * @returns the event that answers the command
 * @throws when the agent stops: the command comes again
 */
export async function performAction(context: WorkerContext, command: ActionCommand): Promise<string> {
  const { kind, operation } = command;
  const { operationId } = operation;
  const known = context.journal.state.operations.get(operationId);
  if (known) {
    await context.outbox.repeat(known.resultEventId);
    return known.resultEventId;
  }
  let body: EventBody;
  try {
    body = bodyOf(command, 'operation-done', await carryOut(context, command));
  } catch (error) {
    if (context.stopping.aborted) throw error;
    const { class: failureClass, code, message } = failureOf(context, error);
    context.logger.error({ contractId: operation.contractId, kind, code, message }, 'not done inside');
    body = bodyOf(command, 'operation-failed', {
      operationId,
      kind,
      class: failureClass,
      code,
      message: message.slice(0, 2_000),
    });
  }
  const event = await context.outbox.draft(body);
  await context.journal.write([
    {
      t: 'operation',
      record: {
        operationId,
        contractId: operation.contractId,
        kind,
        requestedAtNs: operation.requestedAtNs,
        done: body.kind === 'operation-done',
        resultEventId: event.eventId,
        atNs: context.now().toString(),
      },
    },
    event.entry,
  ]);
  context.outbox.wake();
  context.logger.info({ contractId: operation.contractId, kind, answer: body.kind }, 'operation');
  return event.eventId;
}

const OPERATIONS: Readonly<
  Record<
    MachineActionKind,
    (context: WorkerContext, operation: MachineAction, externalId: string) => Promise<Done>
  >
> = { 'reset-password': resetPassword, 'rotate-ssh-key': rotateSshKey };

async function carryOut(context: WorkerContext, command: ActionCommand): Promise<Done> {
  const externalId = mustBeDue(context, command);
  return OPERATIONS[command.kind](context, command.operation, externalId);
}

/** The password leaves this function sealed, or not at all; only then is it set. */
async function resetPassword(
  { backend, seal = sealFor }: WorkerContext,
  { operationId, contractId, encryptionPublicKeys }: MachineAction,
  externalId: string,
): Promise<Done> {
  if (!backend.setPassword) throw unsupported(backend.type, 'passwords');
  const password = newPassword(randomBytes);
  const { credential } = await backend.describe(externalId);
  const credentials = seal(encryptionPublicKeys, contractId, { ...credential, password });
  await backend.setPassword(externalId, password);
  return { operationId, kind: 'reset-password', credentials };
}

async function rotateSshKey(
  { backend }: WorkerContext,
  { operationId, sshPublicKey }: MachineAction,
  externalId: string,
): Promise<Done> {
  if (!backend.setAuthorizedKeys) throw unsupported(backend.type, 'new SSH keys');
  if (sshPublicKey === undefined) {
    throw new BackendError({ class: 'config', code: 'NO_KEY', message: 'the command names no SSH key' });
  }
  await backend.setAuthorizedKeys(externalId, [sshPublicKey]);
  const keySetSha256 = createHash('sha256').update(`${sshPublicKey}\n`).digest('hex');
  return { operationId, kind: 'rotate-ssh-key', keySetSha256 };
}

/** @returns the machine's id @throws BackendError when nothing is to be done any more, or there is nothing to do it in */
function mustBeDue(context: WorkerContext, { kind, operation, deadlineNs }: ActionCommand): string {
  const { contractId, generation, requestedAtNs } = operation;
  if (context.now() > BigInt(deadlineNs)) {
    throw new BackendError({
      class: 'transient',
      code: 'deadline',
      message: 'the command came after its deadline',
    });
  }
  const younger = [...context.journal.state.operations.values()].some(
    (known) =>
      known.contractId === contractId &&
      known.kind === kind &&
      known.done &&
      BigInt(known.requestedAtNs) > BigInt(requestedAtNs),
  );
  if (younger) {
    throw new BackendError({
      class: 'config',
      code: 'SUPERSEDED',
      message: 'a younger request of the same kind has taken its place',
    });
  }
  const record = context.record(contractId);
  if (record?.generation === generation && record.phase === 'running' && record.externalId) {
    return record.externalId;
  }
  throw new BackendError({
    class: 'transient',
    code: 'NOT_RUNNING',
    message: `the machine does not run: ${record?.generation === generation ? record.phase : 'unknown'}`,
  });
}

function unsupported(type: string, what: string): BackendError {
  return new BackendError({
    class: 'config',
    code: 'UNSUPPORTED',
    message: `machines of the type ${type} take no ${what}`,
  });
}

function failureOf(context: WorkerContext, error: unknown): BackendFailure {
  if (error instanceof BackendError) return error.failure;
  context.logger.error({ error }, 'unexpected fault of the backend');
  return { class: 'transient', code: 'BACKEND_FAULT', message: 'unexpected fault at the provider' };
}

type Payload<K> = Extract<AgentEvent, { kind: K; payload: unknown }>['payload'];

function bodyOf<K extends 'operation-done' | 'operation-failed'>(
  { operation: { contractId, generation }, commandId }: ActionCommand,
  kind: K,
  payload: Payload<K>,
): EventBody {
  return { kind, contractId, generation, causationId: commandId, payload } as EventBody;
}
