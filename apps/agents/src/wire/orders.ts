import { uuidV7 } from '@decent-cloud/kernel';
import {
  agentSubjects,
  type DesiredMachine,
  type facts,
  type MachineOperation,
} from '@decent-cloud/messages';
import { enqueue } from '@decent-cloud/outbox';
import type { Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { context, propagation } from '@opentelemetry/api';
import { PlatformKey } from './platform-key.ts';

export type Order = {
  readonly agentPublicKey: string;
  readonly account: string;
  readonly deadlineNs: bigint;
} & (
  | { readonly kind: 'provision' | 'terminate'; readonly machine: DesiredMachine }
  | { readonly kind: facts.MachineOperationKind; readonly operation: MachineOperation }
);

/** Signs commands and puts them into the outbox: they go out exactly if the decision is committed. */
@Injectable()
export class Orders {
  constructor(private readonly platformKey: PlatformKey) {}

  async give(sql: Sql, order: Order, now: bigint): Promise<void> {
    const commandId = uuidV7(now);
    const carrier: { traceparent?: string } = {};
    propagation.inject(context.active(), carrier);
    const command = this.platformKey.sign({
      v: 1,
      commandId,
      kind: order.kind,
      agentPublicKey: order.agentPublicKey,
      issuedAtNs: now.toString(),
      deadlineNs: order.deadlineNs.toString(),
      ...('machine' in order ? { machine: order.machine } : { operation: order.operation }),
      ...(carrier.traceparent === undefined ? {} : { traceparent: carrier.traceparent }),
    });
    const subject = agentSubjects.command(order.account, order.kind);
    await enqueue(sql, [{ id: commandId, subject, payload: JSON.stringify(command) }], now);
  }
}
