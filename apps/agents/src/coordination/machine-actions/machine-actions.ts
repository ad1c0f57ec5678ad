import { type FactPayload, facts } from '@decent-cloud/messages';
import { emitFact } from '@decent-cloud/outbox';
import type { Sql } from '@decent-cloud/postgres';
import { SETTINGS } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { Commands } from '../../commands/commands.ts';
import type { AgentsSettings } from '../../settings.ts';
import { AssignmentStore } from '../assignment/assignment.store.ts';
import { settingNs } from '../assignment/domain/next-step.ts';
import { commandRepeatSeconds } from '../assignment/domain/retry-policy.ts';
import {
  type ActionResult,
  dueStep,
  type GivenUp,
  givenUp,
  type MachineAction,
  takesResult,
} from './domain/machine-action.ts';
import { MachineActionStore } from './machine-action.store.ts';

/**
 * What tenants want done inside of their machines: ordered until it is answered, given up at the deadline. Every method
 * runs in the caller's transaction, with the contract's assignment locked.
 */
@Injectable()
export class MachineActions {
  constructor(
    private readonly store: MachineActionStore,
    private readonly assignments: AssignmentStore,
    private readonly commands: Commands,
    @Inject(SETTINGS) private readonly settings: AgentsSettings,
  ) {}

  /** Notes what is wanted, and orders it when there is a machine that runs. */
  async begin(
    sql: Sql,
    wanted: FactPayload<typeof facts.machineOperationRequested>,
    now: bigint,
  ): Promise<void> {
    const { operationId: actionId, contractId } = wanted;
    const assignment = await this.assignments.lock(sql, contractId);
    const runs = assignment?.state === 'provisioned';
    const action = {
      actionId,
      contractId,
      generation: assignment?.generation ?? 0,
      kind: wanted.kind,
      sshPublicKey: wanted.sshPublicKey ?? null,
      encryptionPublicKeys: wanted.encryptionPublicKeys,
      requestedAtNs: wanted.atNs,
      deadlineNs: now + settingNs(this.settings.OPERATION_DEADLINE_SECONDS),
    };
    const outdated = await this.store.isOutdated(sql, action);
    if (!(await this.store.insert(sql, action, now))) return;
    const row = await this.store.lock(sql, actionId);
    if (!row) throw new Error(`action ${actionId} is not there after it was written`);
    if (!runs) await this.finish(sql, row, givenUp('NOT_RUNNING'), now);
    else if (outdated) await this.finish(sql, row, givenUp('SUPERSEDED'), now);
    else await this.command(sql, row, now);
  }

  /** What is due for it: the command again, or the end. */
  async drive(sql: Sql, action: MachineAction, now: bigint): Promise<void> {
    const step = dueStep(action, now);
    if (step === 'command') await this.command(sql, action, now);
    else if (step === 'give-up') await this.finish(sql, action, givenUp('NO_ANSWER'), now);
  }

  /**
   * Notes how it ended and says so. A younger one that is done ends the older ones of its kind with it.
   * @returns false when something else is noted already
   */
  async finish(sql: Sql, action: MachineAction, result: ActionResult, now: bigint): Promise<boolean> {
    if (!takesResult(action, result)) return false;
    const { actionId, contractId, kind, generation, sshPublicKey } = action;
    await this.store.finish(sql, actionId, result, now);
    const failure =
      result.outcome === 'failed'
        ? { code: result.code.slice(0, 64), message: result.message.slice(0, 2_000) }
        : undefined;
    await emitFact(
      sql,
      facts.machineOperationFinished,
      {
        operationId: actionId,
        contractId,
        generation,
        kind,
        outcome: result.outcome,
        credentials: result.outcome === 'done' ? [...(result.credentials ?? [])] : [],
        ...(failure && { failure }),
        atNs: now,
      },
      now,
    );
    if (result.outcome === 'failed') return true;
    if (sshPublicKey !== null && !(await this.store.isOutdated(sql, action))) {
      await this.assignments.setSshKey(sql, contractId, sshPublicKey, now);
    }
    for (const older of await this.store.lockAllPending(sql, contractId)) {
      const isOlder = older.kind === kind && older.requestedAtNs < action.requestedAtNs;
      if (isOlder) await this.finish(sql, older, givenUp('SUPERSEDED'), now);
    }
    return true;
  }

  /** Whatever still waits for a contract's machine is given up. */
  async giveUpAll(sql: Sql, contractId: string, why: GivenUp, now: bigint): Promise<void> {
    for (const action of await this.store.lockAllPending(sql, contractId)) {
      await this.finish(sql, action, givenUp(why), now);
    }
  }

  /** Agents that poll have no account at the broker: they fetch what waits for them. */
  private async command(sql: Sql, action: MachineAction, now: bigint): Promise<void> {
    const { actionId, contractId, generation, kind, deadlineNs, sshPublicKey } = action;
    const waitSeconds = commandRepeatSeconds(
      action.commandsGiven + 1,
      this.settings.OPERATION_REPEAT_SECONDS,
    );
    const nextNs = now + settingNs(waitSeconds);
    // biome-ignore lint/complexity/useMathMinMax: Math.min takes no bigint.
    await this.store.commandGiven(sql, actionId, nextNs < deadlineNs ? nextNs : deadlineNs);
    const agent = await this.assignments.listenerOf(sql, action);
    if (!agent) return;
    await this.commands.give(
      sql,
      {
        kind,
        ...agent,
        deadlineNs,
        operation: {
          operationId: actionId,
          contractId,
          generation,
          requestedAtNs: action.requestedAtNs.toString(),
          ...(sshPublicKey === null ? {} : { sshPublicKey }),
          encryptionPublicKeys: [...action.encryptionPublicKeys],
        },
      },
      now,
    );
  }
}
