import { signMessage } from '@decent-cloud/identity';
import { type Clock, jitteredBackoffMs } from '@decent-cloud/kernel';
import { type DesiredSnapshot, SNAPSHOT_METHOD } from '@decent-cloud/messages/agent-protocol';
import type { Backend } from '../backends/backend.ts';
import { type Drift, driftOf, type Observed } from '../domain/drift.ts';
import type { Journal } from '../journal/journal.ts';
import type { Logger } from '../log.ts';
import type { EventOutbox } from './event-outbox.ts';
import { type Believer, readSnapshot } from './orders.ts';
import type { Order } from './worker-context.ts';

export interface ReconcilerOptions {
  readonly backend: Backend;
  readonly journal: Journal;
  readonly outbox: EventOutbox;
  readonly logger: Logger;
  readonly now: Clock;
  readonly seed: Uint8Array;
  readonly believer: () => Believer;
  readonly request: (method: string, text: string) => Promise<string>;
  readonly isConnected: () => boolean;
  readonly carryOut: (order: Order) => Promise<unknown>;
}

const ATTEMPTS = 3;
const CONTRACT_ID = /^[0-9a-f]{64}$/;

/** Compares what the platform wants with what is there: on every connection, on a timer, and when told to. */
export class Reconciler {
  private readonly options: ReconcilerOptions;
  private running: Promise<void> | undefined;
  private again: { repeatResults: boolean } | undefined;
  drift: readonly Drift[] = [];

  constructor(options: ReconcilerOptions) {
    this.options = options;
  }

  /** One at a time; what comes meanwhile is one more afterwards. Never throws: the next occasion comes. */
  async run(repeatResults: boolean): Promise<void> {
    if (this.running) {
      this.again = { repeatResults: repeatResults || this.again?.repeatResults === true };
      return this.running;
    }
    this.running = this.rounds(repeatResults);
    try {
      await this.running;
    } finally {
      this.running = undefined;
    }
  }

  private async rounds(repeatResults: boolean): Promise<void> {
    let next: { repeatResults: boolean } | undefined = { repeatResults };
    while (next && this.options.isConnected()) {
      this.again = undefined;
      try {
        await this.round(next.repeatResults);
      } catch (error) {
        if (!this.options.isConnected()) return;
        this.options.logger.warn({ error }, 'not compared with what the platform wants: trying again later');
      }
      next = this.again;
    }
  }

  private async round(repeatResults: boolean): Promise<void> {
    await this.tellObserved();
    const snapshot = await this.ask();
    if (!snapshot) return;
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
    this.drift = driftOf(snapshot.machines, await this.observe());
  }

  /** The newest snapshot, or nothing when it is not newer than the last one. @throws when nobody answers or what came is not to be believed */
  private async ask(): Promise<DesiredSnapshot | undefined> {
    const { believer, seed, now, request, journal, logger } = this.options;
    const { agentPublicKey } = believer();
    for (let attempt = 1; ; attempt++) {
      const question = signMessage(seed, { v: 1, agentPublicKey, atNs: now().toString() });
      try {
        const snapshot = readSnapshot(await request(SNAPSHOT_METHOD, JSON.stringify(question)), believer());
        const last = journal.state.snapshot;
        if (last && BigInt(snapshot.atNs) < BigInt(last.atNs)) {
          logger.warn(
            { atNs: snapshot.atNs, last: last.atNs },
            'an older snapshot than the last one is left out',
          );
          return undefined;
        }
        await journal.write([{ t: 'snapshot', atNs: snapshot.atNs, version: snapshot.version }]);
        return snapshot;
      } catch (error) {
        if (attempt === ATTEMPTS || !this.options.isConnected()) throw error;
        await new Promise((resolve) => setTimeout(resolve, 250 + jitteredBackoffMs(attempt, Math.random)));
      }
    }
  }

  private async tellObserved(): Promise<void> {
    const machines = (await this.observe()).map((machine) => ({
      ...machine,
      contractId: CONTRACT_ID.test(machine.contractId ?? '') ? machine.contractId : undefined,
    }));
    await this.options.outbox.sendOnce({ kind: 'observed', payload: { machines } });
  }

  private async observe(): Promise<Observed[]> {
    const machines = await this.options.backend.list();
    return machines.map(({ externalId, marks, power }) => ({
      externalId,
      power,
      ...(marks && { contractId: marks.contractId, generation: marks.generation }),
    }));
  }
}
