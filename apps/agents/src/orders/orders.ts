import { secondsToNs, uuidV7 } from '@decent-cloud/kernel';
import {
  type AgentCommand,
  agentSubjects,
  type DesiredMachine,
  type MachineAction,
} from '@decent-cloud/messages';
import type { MachineActionKind } from '@decent-cloud/messages/words';
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
  | { readonly kind: MachineActionKind; readonly operation: MachineAction }
);

const LOOK_SECONDS = 600;

/** Signs commands and puts them into the outbox: they go out exactly if the decision is committed. */
@Injectable()
export class Orders {
  constructor(private readonly platformKey: PlatformKey) {}

  give(sql: Sql, order: Order, now: bigint): Promise<void> {
    return this.send(
      sql,
      order,
      'machine' in order ? { machine: order.machine } : { operation: order.operation },
      now,
    );
  }

  /** A connected agent looks at what is wanted of it, soon. */
  askToLook(sql: Sql, agent: Pick<Order, 'agentPublicKey' | 'account'>, now: bigint): Promise<void> {
    const deadlineNs = now + secondsToNs(LOOK_SECONDS);
    return this.send(sql, { kind: 'resync', ...agent, deadlineNs }, {}, now);
  }

  private async send(
    sql: Sql,
    order: Pick<Order, 'agentPublicKey' | 'account' | 'deadlineNs'> & { readonly kind: AgentCommand['kind'] },
    content: Pick<AgentCommand, 'machine' | 'operation'>,
    now: bigint,
  ): Promise<void> {
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
      ...content,
      ...(carrier.traceparent === undefined ? {} : { traceparent: carrier.traceparent }),
    });
    const subject = agentSubjects.command(order.account, order.kind);
    await enqueue(sql, [{ id: commandId, subject, payload: JSON.stringify(command) }], now);
  }
}
