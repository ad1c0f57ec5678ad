import {
  BackendError,
  type BackendFailure,
  type LeftResource,
  type ScriptResult,
} from '../backends/backend.ts';
import { diskFullFailure } from '../backends/disk-full.ts';
import { mayTouch } from '../domain/decide.ts';
import type { JournalEntry } from '../domain/journal-entry.stored.ts';
import type { DesiredMachine, FoundMachine, MachineSpec } from '../domain/machine.ts';
import { scriptLogOf } from '../domain/script-log.ts';
import { sealFor } from './seal.ts';
import type { Command, WorkerContext } from './worker-context.ts';

/**
 * Creates the machine of a command, or takes over the one that is there. What is about to happen is in the journal first,
 * what has happened right afterwards together with the event that tells it.
 * @returns the event that answers the command
 * @throws the signal's reason when it was called off
 */
export async function createMachine(
  context: WorkerContext,
  command: Command,
  signal: AbortSignal,
): Promise<string> {
  const { machine, commandId } = command;
  const { contractId, generation, endsAtNs } = machine;
  const base = { contractId, generation, commandId, endsAtNs };
  let before: FoundMachine | undefined;
  let looked = false;
  try {
    const found = await context.backend.find(contractId);
    looked = true;
    mustBeOurs(context, found, generation);
    before = found?.left === undefined ? found : undefined;
    const spec = mustHaveSpec(machine);
    if (!before && context.now() > BigInt(machine.deadlineNs)) throw tooLate();
    signal.throwIfAborted();
    await claim(context, base);
    const made = await context.backend.provision({
      spec,
      marks: { contractId, generation, ...context.marks },
      signal,
      onStep: (step) => tellStep(context, base, step),
      ports: portsFor(context, machine),
    });
    signal.throwIfAborted();
    const { externalId } = made.instance;
    const credentials = (context.seal ?? sealFor)(machine.encryptionPublicKeys, contractId, made.credential);
    const event = await context.outbox.draft({
      kind: 'provisioned',
      contractId,
      generation,
      ...(commandId !== undefined && { causationId: commandId }),
      payload: { instance: made.instance, credentials },
    });
    const told = made.script ? [await draftScript(context, base, made.script)] : [];
    await context.write(
      { ...base, phase: 'running', externalId, resultEventId: event.eventId },
      event.entry,
      ...told,
    );
    context.outbox.wake();
    context.logger.info({ contractId, generation, externalId }, 'machine is running');
    return event.eventId;
  } catch (error) {
    // On a stop of the agent nothing is undone: the intent is in the journal, and the command comes again.
    if (context.stopping.aborted) throw error;
    const left = before
      ? [{ kind: `${context.backend.type}-machine`, id: before.externalId }]
      : looked
        ? await clearAway(context, contractId, generation)
        : [];
    if (signal.aborted) throw signal.reason;
    return reportFailure(context, base, failureOf(context, error), left);
  }
}

/** Its own port again, and nobody else's. */
function portsFor(context: WorkerContext, { contractId, sshPort }: DesiredMachine) {
  const others = [...context.portsInUse()].flatMap(([other, port]) => (other === contractId ? [] : [port]));
  return { own: sshPort, others: new Set(others) };
}

interface Base {
  readonly contractId: string;
  readonly generation: number;
  readonly commandId: string | undefined;
  readonly endsAtNs: string | undefined;
}

async function claim(context: WorkerContext, base: Base): Promise<void> {
  const { contractId, generation, commandId } = base;
  const known = context.record(contractId);
  if (known?.phase === 'creating' && known.generation === generation) return;
  const event = await context.outbox.draft({
    kind: 'claimed',
    contractId,
    generation,
    ...(commandId !== undefined && { causationId: commandId }),
  });
  await context.write({ ...base, phase: 'creating' }, event.entry);
  context.outbox.wake();
}

/** How the command's script ended, and the end of what it has printed. */
async function draftScript(
  context: WorkerContext,
  { contractId, generation, commandId }: Base,
  { success, exitCode, log }: ScriptResult,
): Promise<JournalEntry> {
  const event = await context.outbox.draft({
    kind: 'script-done',
    contractId,
    generation,
    ...(commandId !== undefined && { causationId: commandId }),
    payload: { success, exitCode, log: scriptLogOf(log) },
  });
  context.logger.info({ contractId, generation, exitCode }, 'script has ended');
  return event.entry;
}

/** A step that is not heard of is no loss: the next one or the result comes. */
function tellStep(context: WorkerContext, base: Base, step: string): void {
  const { contractId, generation, commandId: causationId } = base;
  context.outbox
    .sendOnce({
      kind: 'progress',
      contractId,
      generation,
      ...(causationId && { causationId }),
      payload: { step },
    })
    .catch((error: unknown) => context.logger.debug({ error, contractId, step }, 'a step was not reported'));
}

/** Removes what this attempt has made, and only that. */
async function clearAway(
  context: WorkerContext,
  contractId: string,
  generation: number,
): Promise<LeftResource[]> {
  const { backend, logger } = context;
  let externalId = contractId;
  try {
    const found = await backend.find(contractId);
    if (!found || found.marks?.generation !== generation) return [];
    externalId = found.externalId;
    await backend.terminate(externalId);
    return [];
  } catch (error) {
    logger.error(
      { error, contractId, externalId },
      'what a failed creation left behind could not be removed',
    );
    return [{ kind: `${backend.type}-machine`, id: externalId }];
  }
}

async function reportFailure(
  context: WorkerContext,
  base: Base,
  failure: BackendFailure,
  left: readonly LeftResource[],
): Promise<string> {
  const { contractId, generation, commandId } = base;
  const resourcesLeft = left.length > 0 ? left : (failure.resourcesLeft ?? []);
  const event = await context.outbox.draft({
    kind: 'failed',
    contractId,
    generation,
    ...(commandId !== undefined && { causationId: commandId }),
    payload: {
      class: failure.class,
      code: failure.code,
      message: failure.message.slice(0, 2_000),
      resourcesLeft: resourcesLeft.slice(0, 50).map(({ kind, id }) => ({ kind, id })),
    },
  });
  const known = context.record(contractId);
  // A machine that runs already is not forgotten because a command about it cannot be followed.
  const isOlderMachine = known !== undefined && known.generation > generation;
  if (isOlderMachine) await context.journal.write([event.entry]);
  else await context.write({ ...base, phase: 'failed', resultEventId: event.eventId }, event.entry);
  context.outbox.wake();
  context.logger.error({ contractId, generation, ...failure }, 'machine could not be made');
  return event.eventId;
}

function failureOf(context: WorkerContext, error: unknown): BackendFailure {
  if (error instanceof BackendError) return error.failure;
  const full = diskFullFailure(error);
  if (full) {
    context.logger.error({ error }, 'no room for a machine');
    return full;
  }
  context.logger.error({ error }, 'unexpected fault of the backend');
  return { class: 'transient', code: 'BACKEND_FAULT', message: 'unexpected fault at the provider' };
}

function mustHaveSpec(machine: DesiredMachine): MachineSpec {
  if (machine.spec) return machine.spec;
  throw new BackendError({
    class: 'config',
    code: 'NO_SPEC',
    message: 'the command does not say what to make',
  });
}

function tooLate(): BackendError {
  return new BackendError({
    class: 'transient',
    code: 'deadline',
    message: 'the command came after its deadline',
  });
}

/** Whose is what was found? @throws BackendError when it may not be touched by this command */
function mustBeOurs(context: WorkerContext, found: FoundMachine | undefined, generation: number): void {
  const verdict = mayTouch(found?.marks, { generation, ...context.marks });
  if (verdict === 'yes') return;
  throw new BackendError({
    class: 'permanent',
    code: verdict === 'newer' ? 'SUPERSEDED' : 'FOREIGN_MACHINE',
    message: `the machine that was found is of ${verdict === 'newer' ? 'a newer generation' : 'another agent or environment'}`,
  });
}
