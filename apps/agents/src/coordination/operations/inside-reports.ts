import { facts } from '@decent-cloud/messages';
import { emitFact } from '@decent-cloud/outbox';
import type { Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { DisbelievedError } from '../../registry/agent/signed-by-agent.ts';
import type { InsideEvent } from '../assignment/domain/decide-event.ts';
import type { MachineOperation } from './domain/operation.ts';
import { OperationStore } from './operation.store.ts';
import { Operations } from './operations.ts';

type OperationEvent = Exclude<InsideEvent, { kind: 'script-done' }>;

/** What an agent says about the inside of a machine that is known to be its own. */
@Injectable()
export class InsideReports {
  constructor(
    private readonly store: OperationStore,
    private readonly operations: Operations,
  ) {}

  /** @throws DisbelievedError when it speaks of an operation that was never given to it */
  async apply(sql: Sql, event: InsideEvent, now: bigint): Promise<void> {
    if (event.kind !== 'script-done') return this.finish(sql, event, now);
    const { contractId, generation, agentPublicKey, payload } = event;
    await emitFact(
      sql,
      facts.machineScriptFinished,
      { contractId, generation, agentPublicKey, ...payload, atNs: now },
      now,
    );
  }

  private async finish(sql: Sql, event: OperationEvent, now: bigint): Promise<void> {
    const { contractId, generation, payload } = event;
    const operation = await this.store.lock(sql, payload.operationId);
    const isOwn =
      operation?.contractId === contractId &&
      operation.generation === generation &&
      operation.kind === payload.kind;
    if (!isOwn) {
      throw new DisbelievedError(
        'foreign-machine',
        `operation ${payload.operationId} is not one of ${contractId} generation ${generation}`,
      );
    }
    await this.operations.finish(sql, operation, resultOf(event, operation), now);
  }
}

/** Only credentials that were asked for are passed on. */
function resultOf(event: OperationEvent, { encryptionPublicKeys }: MachineOperation) {
  if (event.kind === 'operation-failed') {
    return { outcome: 'failed', code: event.payload.code, message: event.payload.message } as const;
  }
  const credentials = (event.payload.credentials ?? []).filter(({ recipientPublicKey }) =>
    encryptionPublicKeys.includes(recipientPublicKey),
  );
  return { outcome: 'done', credentials } as const;
}
