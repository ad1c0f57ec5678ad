import { jitteredBackoffMs } from '@decent-cloud/kernel';
import { systemAmbient } from '../ambient.ts';
import { mayTouch } from '../domain/decide.ts';
import type { WorkerContext } from './worker-context.ts';

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 120_000;

interface Removal {
  readonly contractId: string;
  readonly generation: number;
  readonly commandId?: string | undefined;
}

/**
 * Destroys the machine of a checked command and tells so when it is confirmed gone. Goes on until it is, over restarts too.
 * @returns the event that answers the command; undefined when the machine that is there is not the command's
 */
export async function removeMachine(context: WorkerContext, command: Removal): Promise<string | undefined> {
  const { contractId, generation, commandId } = command;
  const { logger, ambient = systemAmbient } = context;
  for (let failures = 0; ; failures++) {
    try {
      if (!(await removeOnce(context, command))) return undefined;
      break;
    } catch (error) {
      context.stopping.throwIfAborted();
      logger.error(
        { error, contractId, failures: failures + 1 },
        'machine could not be removed: trying again',
      );
      const waitMs =
        FIRST_WAIT_MS + jitteredBackoffMs(failures, ambient.random, FIRST_WAIT_MS, LONGEST_WAIT_MS);
      await ambient.sleep(waitMs, context.stopping);
    }
  }
  const event = await context.outbox.draft({
    kind: 'terminated',
    contractId,
    generation,
    ...(commandId !== undefined && { causationId: commandId }),
  });
  await context.write(
    { contractId, generation, commandId, phase: 'gone', resultEventId: event.eventId },
    event.entry,
  );
  context.outbox.wake();
  logger.info({ contractId, generation }, 'machine is gone');
  return event.eventId;
}

async function removeOnce(context: WorkerContext, command: Removal): Promise<boolean> {
  const { contractId, generation, commandId } = command;
  const found = await context.backend.find(contractId);
  const verdict = mayTouch(found?.marks, { generation, ...context.marks });
  if (verdict !== 'yes') {
    context.logger.error(
      { contractId, generation, found: found?.marks, externalId: found?.externalId },
      `not removed: the machine is ${verdict === 'newer' ? 'of a newer generation' : 'of another agent or environment'}`,
    );
    return false;
  }
  const externalId = found?.externalId ?? context.record(contractId)?.externalId;
  await context.write({ contractId, generation, commandId, externalId, phase: 'removing' });
  if (externalId) await context.backend.terminate(externalId);
  return true;
}
