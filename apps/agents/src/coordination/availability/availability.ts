import { facts } from '@decent-cloud/messages';
import type { MachineAvailability } from '@decent-cloud/messages/words';
import { emitFact } from '@decent-cloud/outbox';
import type { Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { AssignmentStore } from '../assignment/assignment.store.ts';
import type { Assignment, Machine } from '../assignment/rows.ts';
import { downTimeAfter, type NextStanding } from './domain/availability.ts';

interface Said {
  readonly availability: MachineAvailability;
  readonly sinceNs: bigint;
  readonly isAnother?: true;
}

/** Keeps how the machines of contracts stand, and tells their contracts. The caller has locked the assignment. */
@Injectable()
export class Availability {
  constructor(private readonly store: AssignmentStore) {}

  async note(
    sql: Sql,
    assignment: Assignment,
    machine: Machine,
    next: NextStanding,
    now: bigint,
  ): Promise<void> {
    const { availability, lostAtNs, sinceNs } = next;
    if (availability === machine.availability && lostAtNs === machine.lostAtNs) return;
    await this.store.changeMachine(sql, machine, { availability, lostAtNs }, now);
    if (availability !== machine.availability) {
      await this.say(sql, assignment, machine, { availability, sinceNs }, now);
    }
  }

  /** @param isAnother it is a machine of which its contract hears with `machine-provisioned`, not the one that was away */
  async handedOver(
    sql: Sql,
    assignment: Assignment,
    machine: Machine,
    isAnother: boolean,
    now: bigint,
  ): Promise<void> {
    if (machine.availability !== 'up' || machine.lostAtNs !== null) {
      await this.store.changeMachine(sql, machine, { availability: 'up', lostAtNs: null }, now);
    }
    if (assignment.downSinceNs === null) return;
    const said = { availability: 'up', sinceNs: now, ...(isAnother && { isAnother }) } as const;
    await this.say(sql, assignment, machine, said, now);
  }

  private async say(
    sql: Sql,
    assignment: Assignment,
    { contractId, generation, agentPublicKey }: Machine,
    { sinceNs, ...said }: Said,
    now: bigint,
  ): Promise<void> {
    const { availability } = said;
    const time = downTimeAfter(assignment, availability, sinceNs);
    await this.store.change(sql, contractId, time, now);
    await emitFact(
      sql,
      facts.machineAvailabilityChanged,
      {
        contractId,
        generation,
        agentPublicKey,
        version: time.availabilityVersion,
        ...said,
        sinceNs: time.downSinceNs ?? sinceNs,
        downNs: time.downNs,
        atNs: now,
      },
      now,
    );
  }
}
