import { type Decision, decide, dueEndings, isOver } from '../domain/decide.ts';
import type { DesiredMachine } from '../domain/machine.ts';
import { type MachineRecord, takesPlace } from '../domain/record.ts';
import { ContractLock, Slots } from './contract-lock.ts';
import { createMachine } from './create-machine.ts';
import { type ActionCommand, performAction } from './perform-action.ts';
import { removeMachine } from './remove-machine.ts';
import { isDoneWithin } from './within.ts';
import type { Command, WorkerContext, WorkerOptions } from './worker-context.ts';

/** A newer command took the place of the one that was being worked on. */
export class SupersededError extends Error {
  override readonly name = 'SupersededError';
}

export interface StopDeadlines {
  readonly finishMs: number;
  readonly abortMs: number;
}

interface Creation {
  readonly generation: number;
  readonly controller: AbortController;
}

/** Turns commands into machines: one at a time for each contract, a bounded number of creations at once. */
export class Worker {
  private readonly context: WorkerContext;
  private readonly lock = new ContractLock();
  private readonly slots: Slots;
  private readonly stopping = new AbortController();
  private readonly creations = new Map<string, Set<Creation>>();

  constructor(options: WorkerOptions) {
    this.slots = new Slots(options.maxParallelProvisions);
    this.context = {
      ...options,
      stopping: this.stopping.signal,
      record: (contractId) => options.journal.state.machines.get(contractId),
      write: (record, ...more) =>
        options.journal.write([
          { t: 'machine', record: { ...record, changedAtNs: options.now().toString() } },
          ...more,
        ]),
    };
  }

  /** Commands to destroy that a restart has interrupted go on; creations wait for what the platform wants now. */
  resumeRemovals(): Promise<void>[] {
    const removing = [...this.context.journal.state.machines.values()].filter(
      ({ phase }) => phase === 'removing',
    );
    return removing.map((record) =>
      this.lock.run(record.contractId, async () => {
        await removeMachine(this.context, record);
      }),
    );
  }

  /**
   * Carries out a command.
   * @returns the event that answers it, when there is one
   * @throws when the command has to come again
   */
  async carryOut(command: Command): Promise<string | undefined> {
    const { contractId, generation, desired } = command.machine;
    this.callOff(contractId, (creation) =>
      desired === 'running' ? creation.generation < generation : creation.generation <= generation,
    );
    if (desired !== 'running') return this.lock.run(contractId, () => this.act(command));
    const creation: Creation = { generation, controller: new AbortController() };
    const all = this.creations.get(contractId) ?? new Set();
    this.creations.set(contractId, all.add(creation));
    try {
      return await this.lock.run(contractId, () => this.act(command, creation.controller));
    } catch (error) {
      if (creation.controller.signal.reason instanceof SupersededError) {
        this.context.logger.info({ contractId, generation }, 'creation called off by a newer command');
        return undefined;
      }
      throw error;
    } finally {
      all.delete(creation);
      if (all.size === 0) this.creations.delete(contractId);
    }
  }

  /**
   * Does something inside of a contract's machine.
   * @returns the event that answers the command
   */
  operate(command: ActionCommand): Promise<string> {
    return this.lock.run(command.operation.contractId, () => performAction(this.context, command));
  }

  /** Puts machines out of service whose time is over while nobody can be asked. */
  async enforceEndings(connected: boolean): Promise<void> {
    const { journal, now, logger } = this.context;
    for (const { contractId } of dueEndings(journal.state.machines.values(), now(), connected)) {
      await this.lock.run(contractId, async () => {
        const record = this.context.record(contractId);
        if (!record || dueEndings([record], now(), connected).length === 0) return;
        logger.warn(
          { contractId },
          'its paid time is over and the platform cannot be reached: stopped, not removed',
        );
        await this.setPower(record, 'stopped');
      });
    }
  }

  /**
   * Puts a machine into service again that was stopped by hand.
   * @returns false when there is nothing to do about it any more
   * @throws BackendError
   */
  startAgain(contractId: string): Promise<boolean> {
    const { backend, logger, now } = this.context;
    return this.lock.run(contractId, async () => {
      const record = this.context.record(contractId);
      if (this.stopping.signal.aborted || record?.phase !== 'running') return false;
      if (isOver(record.endsAtNs, now())) return false;
      const found = await backend.find(contractId);
      if (found?.power !== 'stopped' || found.externalId !== record.externalId) return false;
      logger.warn(
        { contractId, externalId: found.externalId },
        'it was stopped and is to run: started again',
      );
      await backend.resume(found.externalId);
      return true;
    });
  }

  get activeCount(): number {
    return [...this.context.journal.state.machines.values()].filter(takesPlace).length;
  }

  /**
   * Takes a machine that is there under its contract, whatever the journal says of attempts before.
   * @throws when it is not the contract's machine any more, or cannot be put into service
   */
  adopt(machine: DesiredMachine, externalId: string): Promise<void> {
    const { contractId } = machine;
    return this.lock.run(contractId, async () => {
      const found = await this.context.backend.find(contractId);
      if (found?.externalId !== externalId)
        throw new Error(`${externalId} is not the machine of its contract`);
      await createMachine(this.context, { machine, repeatResult: false }, this.stopping.signal);
      if (this.context.record(contractId)?.phase !== 'running') {
        throw new Error(`${externalId} could not be put into service: the agent's log says why`);
      }
    });
  }

  /** Nothing else is done about the contract meanwhile. */
  exclusively<T>(contractId: string, work: () => Promise<T>): Promise<T> {
    return this.lock.run(contractId, work);
  }

  /** Is a machine of this contract on its way, or waiting for its turn? */
  isMaking(contractId: string): boolean {
    return this.creations.has(contractId);
  }

  /**
   * What has not begun is given back at once. What runs may end by itself, then it is told to end; an intent that is in
   * the journal goes on after the next start.
   * @returns whether nothing is being worked on any more
   */
  async stop({ finishMs, abortMs }: StopDeadlines): Promise<boolean> {
    const reason = new Error('the agent stops');
    this.slots.close(reason);
    this.stopping.abort(reason);
    if (await isDoneWithin(this.lock.idle(), finishMs, this.context.ambient)) return true;
    for (const creation of [...this.creations.values()].flatMap((all) => [...all])) {
      creation.controller.abort(reason);
    }
    return isDoneWithin(this.lock.idle(), abortMs, this.context.ambient);
  }

  private callOff(contractId: string, which: (creation: Creation) => boolean): void {
    for (const creation of this.creations.get(contractId) ?? []) {
      if (which(creation)) creation.controller.abort(new SupersededError('a newer command came'));
    }
  }

  private async act(command: Command, controller?: AbortController): Promise<string | undefined> {
    const { contractId, generation, desired, endsAtNs } = command.machine;
    const record = this.context.record(contractId);
    const decision = decide(command.machine, record, this.context.now());
    this.context.logger.debug({ contractId, generation, desired, ...decision }, 'command');
    if (record && desired === 'running' && record.generation === generation && record.endsAtNs !== endsAtNs) {
      await this.context.write({ ...record, endsAtNs });
    }
    return this.follow(decision, command, controller);
  }

  private async follow(
    decision: Decision,
    command: Command,
    controller?: AbortController,
  ): Promise<string | undefined> {
    const { contractId, generation } = command.machine;
    const record = this.context.record(contractId);
    switch (decision.act) {
      case 'create': {
        const signal = (controller as AbortController).signal;
        return this.slots.run(signal, () => createMachine(this.context, command, signal));
      }
      case 'remove':
        return removeMachine(this.context, { contractId, generation, commandId: command.commandId });
      case 'stop':
      case 'resume':
        if (record) await this.setPower(record, decision.act === 'stop' ? 'stopped' : 'running');
        return undefined;
      case 'repeat-result':
        if (command.repeatResult && record?.resultEventId)
          await this.context.outbox.repeat(record.resultEventId);
        return record?.resultEventId;
      case 'nothing':
        if (decision.why === 'stale') {
          this.context.logger.warn(
            { contractId, generation, known: record?.generation },
            'command of an old generation',
          );
        }
        return undefined;
    }
  }

  private async setPower(record: MachineRecord, phase: 'running' | 'stopped'): Promise<void> {
    const { backend } = this.context;
    if (!record.externalId) return;
    if (phase === 'stopped') await backend.stop(record.externalId);
    else await backend.resume(record.externalId);
    await this.context.write({ ...record, phase });
  }
}
