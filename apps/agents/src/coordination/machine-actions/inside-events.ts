import { facts } from '@decent-cloud/messages';
import { emitFact } from '@decent-cloud/outbox';
import type { Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { DisbelievedError } from '../../registry/agent/signed-by-agent.ts';
import type { InsideEvent } from '../assignment/domain/decide-event.ts';
import type { MachineAction } from './domain/machine-action.ts';
import { MachineActionStore } from './machine-action.store.ts';
import { MachineActions } from './machine-actions.ts';

type ActionEvent = Exclude<InsideEvent, { kind: 'script-done' }>;

/** What an agent says about the inside of a machine that is known to be its own. */
@Injectable()
export class InsideEvents {
  constructor(
    private readonly store: MachineActionStore,
    private readonly actions: MachineActions,
  ) {}

  /** @throws DisbelievedError when it speaks of an action that was never given to it */
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

  private async finish(sql: Sql, event: ActionEvent, now: bigint): Promise<void> {
    const { contractId, generation, payload } = event;
    const action = await this.store.lock(sql, payload.operationId);
    const isOwn =
      action?.contractId === contractId && action.generation === generation && action.kind === payload.kind;
    if (!isOwn) {
      throw new DisbelievedError(
        'foreign-machine',
        `action ${payload.operationId} is not one of ${contractId} generation ${generation}`,
      );
    }
    await this.actions.finish(sql, action, resultOf(event, action), now);
  }
}

/** Only credentials that were asked for are passed on. */
function resultOf(event: ActionEvent, { encryptionPublicKeys }: MachineAction) {
  if (event.kind === 'operation-failed') {
    return { outcome: 'failed', code: event.payload.code, message: event.payload.message } as const;
  }
  const credentials = (event.payload.credentials ?? []).filter(({ recipientPublicKey }) =>
    encryptionPublicKeys.includes(recipientPublicKey),
  );
  return { outcome: 'done', credentials } as const;
}
