import type { DesiredSnapshot } from '@decent-cloud/messages/agents/protocol';
import type { Backend } from '../backends/backend.ts';
import type { Journal } from '../journal/journal.ts';
import type { Logger } from '../log.ts';
import type { EventOutbox } from './event-outbox.ts';
import { type OwnMarks, observedOf } from './observe.ts';
import type { Wanted } from './wanted.ts';
import type { Command } from './worker-context.ts';

export interface ReconcilerOptions {
  readonly backend: Backend;
  readonly journal: Journal;
  readonly outbox: EventOutbox;
  readonly logger: Logger;
  readonly marks: OwnMarks;
  readonly wanted: Wanted;
  readonly ask: () => Promise<DesiredSnapshot>;
  readonly isConnected: () => boolean;
  readonly carryOut: (command: Command) => Promise<unknown>;
}

const RIVAL_NS = 3_600_000_000_000n;
const CONTRACT_ID = /^[0-9a-f]{64}$/;

/** Compares what the platform wants with what is there: on every connection, on a timer, and when told to. */
export class Reconciler {
  private readonly options: ReconcilerOptions;
  private running: Promise<boolean> | undefined;
  private rivalToldNs = 0n;
  private again: { repeatResults: boolean } | undefined;

  constructor(options: ReconcilerOptions) {
    this.options = options;
  }

  /** The platform hears what is there now, or with the next connection. */
  async report(): Promise<void> {
    if (!this.options.isConnected()) return;
    try {
      await this.tellObserved();
    } catch (error) {
      this.options.logger.warn({ error }, 'what is there is reported later');
    }
  }

  private async tellObserved(): Promise<void> {
    const machines = observedOf(await this.options.backend.list(), this.options.marks).map(
      ({ isForeign: _isForeign, ...machine }) => ({
        ...machine,
        contractId: CONTRACT_ID.test(machine.contractId ?? '') ? machine.contractId : undefined,
      }),
    );
    await this.options.outbox.sendOnce({ kind: 'observed', payload: { machines } });
  }

  /**
   * One at a time; what comes meanwhile is one more afterwards. Never throws: the next occasion comes.
   * @returns whether the last one got as far as comparing
   */
  async run(repeatResults: boolean): Promise<boolean> {
    if (this.running) {
      this.again = { repeatResults: repeatResults || this.again?.repeatResults === true };
      return this.running;
    }
    this.running = this.rounds(repeatResults);
    try {
      return await this.running;
    } finally {
      this.running = undefined;
    }
  }

  private async rounds(repeatResults: boolean): Promise<boolean> {
    let compared = false;
    let next: { repeatResults: boolean } | undefined = { repeatResults };
    while (next && this.options.isConnected()) {
      this.again = undefined;
      try {
        compared = await this.round(next.repeatResults);
      } catch (error) {
        compared = false;
        if (!this.options.isConnected()) break;
        this.options.logger.warn({ error }, 'not compared with what the platform wants: trying again later');
      }
      next = this.again;
    }
    return compared;
  }

  private async round(repeatResults: boolean): Promise<boolean> {
    await this.tellObserved();
    const mark = this.options.wanted.mark();
    const snapshot = await this.newest();
    if (!snapshot) return false;
    this.options.wanted.replace(snapshot.machines, mark);
    for (const machine of snapshot.machines) {
      // Not awaited: a machine that takes long must not hold up the others.
      this.options
        .carryOut({ machine, repeatResult: repeatResults || machine.desired === 'absent' })
        .catch((error: unknown) => {
          const { contractId } = machine;
          this.options.logger.warn(
            { error, contractId },
            'the wanted state was not reached: trying again later',
          );
        });
    }
    return true;
  }

  /** Said once for every hour in which another process was turned away. */
  private tellOfRival({ rival }: DesiredSnapshot): void {
    if (!rival || BigInt(rival.seenAtNs) < this.rivalToldNs + RIVAL_NS) return;
    this.rivalToldNs = BigInt(rival.seenAtNs);
    this.options.logger.error(
      { otherHost: rival.host },
      'ANOTHER PROCESS WITH THE KEY OF THIS AGENT WANTED TO WORK AND WAS TURNED AWAY: a second host needs an agent of its own (`dc-agent setup token`)',
    );
  }

  /** The newest snapshot, or nothing when it is older than the last one. @throws when nobody answers or what came is not to be believed */
  private async newest(): Promise<DesiredSnapshot | undefined> {
    const { ask, journal, logger } = this.options;
    const snapshot = await ask();
    const last = journal.state.snapshot;
    if (last && BigInt(snapshot.atNs) < BigInt(last.atNs)) {
      logger.warn(
        { atNs: snapshot.atNs, last: last.atNs },
        'an older snapshot than the last one is left out',
      );
      return undefined;
    }
    this.tellOfRival(snapshot);
    await journal.write([{ t: 'snapshot', atNs: snapshot.atNs, version: snapshot.version }]);
    return snapshot;
  }
}
