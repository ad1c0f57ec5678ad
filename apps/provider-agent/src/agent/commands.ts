import type { CommandOutcome } from '../link/command-pull.ts';
import { type Believer, DisbelievedError, isMachineAction, readCommand } from '../link/read-command.ts';
import type { Logger } from '../log.ts';
import type { EventOutbox } from './event-outbox.ts';
import type { Reconciler } from './reconcile.ts';
import type { Wanted } from './wanted.ts';
import type { Worker } from './worker.ts';

export interface CommandsOptions {
  readonly believer: () => Believer;
  readonly logger: Logger;
  readonly worker: Pick<Worker, 'carryOut' | 'operate'>;
  readonly reconciler: Pick<Reconciler, 'run'>;
  readonly outbox: Pick<EventOutbox, 'whenSent'>;
  readonly wanted: Wanted;
}

/** What the platform commands: read, believed or not, and given to whoever carries it out. */
export class Commands {
  private refused = 0;

  constructor(private readonly options: CommandsOptions) {}

  /** How many were not believed since this process began. */
  get refusedCount(): number {
    return this.refused;
  }

  /** Returns when the answer to it is stored at the broker. @throws when it has to come again */
  async handle(text: string): Promise<CommandOutcome> {
    const { believer, logger, worker, reconciler, outbox, wanted } = this.options;
    let command: ReturnType<typeof readCommand>;
    try {
      command = readCommand(text, believer());
    } catch (error) {
      if (!(error instanceof DisbelievedError)) throw error;
      this.refused++;
      logger.error({ error, refusedCommands: this.refused }, 'COMMAND REFUSED');
      return 'refused';
    }
    const { kind, commandId, machine, operation, deadlineNs } = command;
    logger.info({ kind, commandId, contractId: (machine ?? operation)?.contractId }, 'command');
    if (operation && isMachineAction(kind)) {
      await outbox.whenSent(await worker.operate({ kind, operation, commandId, deadlineNs }));
      return 'done';
    }
    if (!machine) {
      await reconciler.run(true);
      return 'done';
    }
    wanted.note(machine);
    const eventId = await worker.carryOut({ machine, commandId, repeatResult: true });
    if (eventId !== undefined) await outbox.whenSent(eventId);
    return 'done';
  }
}
