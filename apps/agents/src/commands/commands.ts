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

export type Command = {
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
export class Commands {
  constructor(private readonly platformKey: PlatformKey) {}

  give(sql: Sql, command: Command, now: bigint): Promise<void> {
    return this.send(
      sql,
      command,
      'machine' in command ? { machine: command.machine } : { operation: command.operation },
      now,
    );
  }

  /** A connected agent looks at what is wanted of it, soon. */
  askToLook(sql: Sql, agent: Pick<Command, 'agentPublicKey' | 'account'>, now: bigint): Promise<void> {
    const deadlineNs = now + secondsToNs(LOOK_SECONDS);
    return this.send(sql, { kind: 'resync', ...agent, deadlineNs }, {}, now);
  }

  private async send(
    sql: Sql,
    command: Pick<Command, 'agentPublicKey' | 'account' | 'deadlineNs'> & {
      readonly kind: AgentCommand['kind'];
    },
    content: Pick<AgentCommand, 'machine' | 'operation'>,
    now: bigint,
  ): Promise<void> {
    const commandId = uuidV7(now);
    const carrier: { traceparent?: string } = {};
    propagation.inject(context.active(), carrier);
    const signed = this.platformKey.sign({
      v: 1,
      commandId,
      kind: command.kind,
      agentPublicKey: command.agentPublicKey,
      issuedAtNs: now.toString(),
      deadlineNs: command.deadlineNs.toString(),
      ...content,
      ...(carrier.traceparent === undefined ? {} : { traceparent: carrier.traceparent }),
    });
    const subject = agentSubjects.command(command.account, command.kind);
    await enqueue(sql, [{ id: commandId, subject, payload: JSON.stringify(signed) }], now);
  }
}
