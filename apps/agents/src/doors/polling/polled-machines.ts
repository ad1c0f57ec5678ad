import { uuidV7 } from '@decent-cloud/kernel';
import { Database, type Sql } from '@decent-cloud/postgres';
import { isParty } from '@decent-cloud/runtime';
import { Injectable } from '@nestjs/common';
import { AssignmentStore } from '../../coordination/assignment/assignment.store.ts';
import { contractNotFound } from '../../coordination/assignment/assignment-changes.ts';
import { counts, type MachineEvent } from '../../coordination/assignment/domain/decide-event.ts';
import type { Assignment, Machine } from '../../coordination/assignment/rows.ts';
import { AgentEventHandler } from '../../coordination/events/agent-event-handler.ts';
import { AgentStore } from '../../registry/agent/agent.store.ts';
import type { Speaker } from '../../registry/agent/speakers.ts';
import { PollingDoor } from './polling-door.ts';

export interface InHand {
  readonly sql: Sql;
  readonly assignment: Assignment;
  /** All attempts at the contract's machine, oldest first. */
  readonly machines: readonly Machine[];
  /** The newest attempt of the agent that speaks. */
  readonly own: Machine | undefined;
}
type Happening = MachineEvent extends infer E
  ? E extends { kind: infer K }
    ? { kind: K } & (E extends { payload: infer P } ? { payload: P } : unknown)
    : never
  : never;

/** What agents that poll say of machines, told to the same state machine as the events of connected agents. */
@Injectable()
export class PolledMachines {
  constructor(
    private readonly database: Database,
    private readonly store: AssignmentStore,
    private readonly agents: AgentStore,
    private readonly events: AgentEventHandler,
    private readonly door: PollingDoor,
  ) {}

  /** Runs with the contract locked. @throws Refusal NOT_FOUND also for contracts of other providers */
  withContract<T>(speaker: Speaker, contractId: string, work: (inHand: InHand) => Promise<T>): Promise<T> {
    return this.database.transaction(async (sql) => {
      await this.door.assertOpen(speaker, sql);
      const assignment = await this.store.lock(sql, contractId);
      if (!assignment || !actsFor(speaker, assignment)) throw contractNotFound();
      const machines = await this.store.machines(sql, contractId);
      const own = await this.ownOf(sql, speaker, machines);
      return work({ sql, assignment, machines, own });
    });
  }

  /** A provider speaks for its polling agent that had the contract last. */
  private async ownOf(
    sql: Sql,
    speaker: Speaker,
    machines: readonly Machine[],
  ): Promise<Machine | undefined> {
    if (speaker.kind === 'agent') {
      return machines.filter(({ agentPublicKey }) => agentPublicKey === speaker.publicKey).at(-1);
    }
    const newest = machines.at(-1);
    if (!newest) return undefined;
    return (await this.agents.polls(sql, newest.agentPublicKey)) ? newest : undefined;
  }

  /** As if the machine's agent had sent this event. */
  tell(sql: Sql, machine: Machine, happening: Happening, now: bigint): Promise<void> {
    const { contractId, generation, agentPublicKey } = machine;
    const head = { v: 1, eventId: uuidV7(now), seq: 0, atNs: now.toString(), sig: '' } as const;
    return this.events.apply(sql, { ...head, contractId, generation, agentPublicKey, ...happening }, now);
  }
}

/** The attempt that counts, and nobody ended it. */
export const isCurrent = ({ assignment, own }: InHand): boolean =>
  own !== undefined && counts(own, assignment);

const actsFor = (speaker: Speaker, { providerPublicKey, providerAccountId }: Assignment): boolean =>
  speaker.kind === 'agent'
    ? speaker.providerPublicKey === providerPublicKey
    : isParty(speaker, providerPublicKey, providerAccountId);
